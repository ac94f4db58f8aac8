// The Temporal CLI on its own: which program it is and what points it at the server in use.
import { findBinary } from './binary.ts';
import type { TemporalConfig } from './config.ts';
import { answers } from './health.ts';
import type { Log } from './log.ts';
import { loopback } from './ports.ts';
import { readRecord } from './record.ts';
import { TemporalTrouble } from './trouble.ts';

export interface Cli {
  binary: string;
  /** To be added to the environment; the CLI reads the same keys as the SDK. */
  env: Record<string, string>;
}

/** Throws TemporalTrouble `temporal_unreachable` when no server of ours runs: the CLI would go to somebody else's. */
export async function cliFor(config: TemporalConfig, log: Log): Promise<Cli> {
  const { namespace, server, data } = config;
  if (server.kind === 'external') return { binary: await findBinary(config, log), env: {} };
  const record = await readRecord(data);
  const address = record && `${loopback}:${record.port}`;
  if (!address || !(await answers(address, record.namespace))) throw notRunning(data);
  return { binary: record.binary, env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } };
}

const notRunning = (data: string): TemporalTrouble =>
  new TemporalTrouble(
    'temporal_unreachable',
    `No Temporal server with the data of ${data} is running.`,
    'Start one in another terminal with `npm start` or `npm run temporal`, or set TEMPORAL_ADDRESS.',
  );
