// The Temporal server that serves our data folder: started by the first process that needs it, used by the others.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinary } from './binary.ts';
import type { EmbeddedServer } from './config.ts';
import { clientConnection } from './connection.ts';
import { answers } from './health.ts';
import { keepAlive } from './keeper.ts';
import { endServer, removeUnfinished } from './leftover.ts';
import { type Lock, tryLock } from './lock.ts';
import type { Log } from './log.ts';
import { loopback, nextFree, untilFree } from './ports.ts';
import { readRecord, removeRecord, type ServerRecord, writeRecord } from './record.ts';
import { add, lacksOf } from './schema.ts';
import { startServer } from './server.ts';

export interface EmbeddedConfig extends EmbeddedServer {
  namespace: string;
  data: string;
  cache: string;
  path: string;
}

export interface Embedded {
  /** `owned`: this process started it and ends it. `joined`: another process of ours did, and does. */
  kind: 'owned' | 'joined';
  port: number;
  uiPort: number;
  stop(): Promise<void>;
}

/** The owner is whoever holds the folder's lock, which goes with its process, however that ends. */
export async function openEmbedded(config: EmbeddedConfig, log: Log): Promise<Embedded> {
  // It will hold what people ask and what they are answered.
  await mkdir(config.data, { recursive: true, mode: 0o700 });
  for (let tries = 0; ; tries++) {
    const lock = tryLock(join(config.data, 'temporal.lock'));
    if (lock) return await own(config, lock, log);
    const record = await readRecord(config.data);
    if (record && (await answers(addressOf(record), record.namespace))) return await joinServer(config, record);
    if (tries % 40 === 20)
      log.info(`Another process is starting the Temporal server of ${config.data}; waiting for it.`);
    await sleep(250);
  }
}

async function joinServer(config: EmbeddedConfig, record: ServerRecord): Promise<Embedded> {
  await provide(addressOf(record), config.namespace);
  return { kind: 'joined', port: record.port, uiPort: record.ui_port, stop: () => Promise.resolve() };
}

async function own(config: EmbeddedConfig, lock: Lock, log: Log): Promise<Embedded> {
  try {
    const database = join(config.data, 'temporal.db');
    const last = await readRecord(config.data);
    if (last && (await endServer(last.pid, database))) await untilFree(last.port);
    await removeUnfinished(database);
    const binary = await findBinary(config, log);
    const ports = await choosePorts(config, last, log);
    const record = { ...ports, wished: wishedBy(config), namespace: config.namespace, binary };
    const keeper = await keepAlive(async (signal) => {
      const onLog = (line: string) => log.debug?.(line);
      const { port, ui_port: uiPort } = ports;
      const server = await startServer({ binary, port, uiPort, database, namespace: config.namespace, onLog, signal });
      await writeRecord(config.data, { ...record, pid: server.pid });
      return server;
    }, log);
    const stop = async () => {
      await keeper.stop();
      await removeRecord(config.data);
      lock.release();
    };
    await provide(addressOf(ports), config.namespace).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    return { kind: 'owned', port: ports.port, uiPort: ports.ui_port, stop };
  } catch (error) {
    lock.release();
    throw error;
  }
}

const addressOf = ({ port }: { port: number }): string => `${loopback}:${port}`;

const wishedBy = ({ port, uiPort }: EmbeddedConfig) => ({ port, ui_port: uiPort });

type Ports = Pick<ServerRecord, 'port' | 'ui_port'>;

/** The ports of last time when the same were wished for then, so that processes that joined find the server again. */
async function choosePorts(config: EmbeddedConfig, last: ServerRecord | undefined, log: Log): Promise<Ports> {
  const wished = wishedBy(config);
  const same = last?.wished.port === wished.port && last.wished.ui_port === wished.ui_port;
  const first = same ? last : wished;
  const port = await nextFree(first.port);
  const ui_port = await nextFree(first.ui_port, [port]);
  if (port !== wished.port) log.warn(`Port ${wished.port} is taken by another program; Temporal takes ${port}.`);
  return { port, ui_port };
}

/** On a server of ours nothing needs to be asked for. */
async function provide(address: string, namespace: string): Promise<void> {
  const connection = clientConnection({ address });
  try {
    await connection.withDeadline(Date.now() + 30_000, async () =>
      add(connection, await lacksOf(connection, namespace)),
    );
  } finally {
    await connection.close();
  }
}
