// The server that serves our data folder: who starts it, who ends it, and what survives.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { answers } from '../temporal/health.ts';
import { isOpen } from '../temporal/ports.ts';
import { retentionDays } from '../temporal/settings.ts';
import { freePort } from './temporal.ts';

const owner = fileURLToPath(new URL('temporal-owner.ts', import.meta.url));
const openedShape = z.object({ kind: z.enum(['owned', 'joined']), port: z.number(), uiPort: z.number() });

interface Process {
  child: ChildProcessByStdio<Writable, Readable, Readable>;
  log: string[];
  opened: z.infer<typeof openedShape>;
}

let data: string;
let port: number;
let uiPort: number;
let running: Process['child'][];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'waymark-embedded-'));
  port = await freePort();
  uiPort = await freePort();
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((child) => end(child)));
  await rm(data, { recursive: true, force: true });
});

async function open(options: { namespace?: string; detached?: boolean } = {}): Promise<Process> {
  const child = spawn(process.execPath, [owner, data, `${port}`, `${uiPort}`, options.namespace ?? 'default'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.detached ?? false,
  });
  running.push(child);
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(log.join('\n')))),
  ]);
  return { child, log, opened: openedShape.parse(JSON.parse(String(line[0]))) };
}

async function end(child: Process['child']): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin.end();
  await exited;
}

const record = async () =>
  z
    .object({ pid: z.number(), port: z.number() })
    .parse(JSON.parse(await readFile(join(data, 'temporal.json'), 'utf8')));

async function until(what: () => Promise<boolean> | boolean, ms = 15_000): Promise<number> {
  const began = Date.now();
  while (!(await what())) {
    if (Date.now() - began > ms) throw new Error(`not within ${ms} ms: ${what.toString()}`);
    await sleep(20);
  }
  return Date.now() - began;
}

async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const startRun = (id: string) =>
  withClient((client) => client.workflow.start('nobody', { workflowId: id, taskQueue: 'nobody' }));
const statusOf = (id: string) =>
  withClient(async (client) => (await client.workflow.getHandle(id).describe()).status.name);

test('the first process owns the server, the second joins it, and it ends with the first', async () => {
  const first = await open();
  const second = await open();
  expect(first.opened).toEqual({ kind: 'owned', port, uiPort });
  expect(second.opened).toEqual({ kind: 'joined', port, uiPort });
  await end(second.child);
  expect(await answers(`127.0.0.1:${port}`, 'default')).toBe(true);
  await end(first.child);
  expect(await isOpen(port)).toBe(false);
  expect(existsSync(join(data, 'temporal.json'))).toBe(false);
});

test('two processes that start at the same time share one server', async () => {
  const both = await Promise.all([open(), open()]);
  expect(both.map(({ opened }) => opened.kind).toSorted()).toEqual(['joined', 'owned']);
  expect(both.map(({ opened }) => opened.port)).toEqual([port, port]);
  await end(both[0].child);
  await end(both[1].child);
});

test('its namespace keeps ended runs for 90 days and knows the search attributes, also one that is named later', async () => {
  await open();
  await open({ namespace: 'another' });
  for (const namespace of ['default', 'another']) {
    await withClient(async ({ workflowService, connection }) => {
      const { config } = await workflowService.describeNamespace({ namespace });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(retentionDays * 86_400);
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(['Kind', 'Tags', 'CreatedAt']));
    });
  }
});

test('a port that another program has is left to it, and the next free one is taken with a line that says so', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const { opened, log } = await open();
  expect(opened.kind).toBe('owned');
  expect(opened.port).toBeGreaterThan(port);
  expect(log.join('\n')).toMatch(`Port ${port} is taken by another program; Temporal takes ${opened.port}.`);
  other.close();
});

test('a killed server is started again on its port with its runs, and a line says so', async () => {
  const { log } = await open();
  await startRun('survivor');
  const { pid } = await record();
  process.kill(pid, 'SIGKILL');
  await until(async () => alive((await record()).pid) && (await record()).pid !== pid);
  await until(() => answers(`127.0.0.1:${port}`, 'default'));
  expect(await statusOf('survivor')).toBe('RUNNING');
  expect(log.join('\n')).toMatch(/ended \(SIGKILL\)[^]*started again[^]*there again/);
});

test('when its owner is killed with SIGKILL the server ends, and the next owner has its runs and its port', async () => {
  const { child } = await open();
  await startRun('survivor');
  const { pid } = await record();
  child.kill('SIGKILL');
  const next = await open();
  expect(next.opened).toEqual({ kind: 'owned', port, uiPort });
  await until(() => !alive(pid), 1000);
  expect(await statusOf('survivor')).toBe('RUNNING');
});

test('when the whole process group of its owner is killed the server ends within 5 s', async () => {
  const { child } = await open({ detached: true });
  const { pid } = await record();
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  expect(await until(() => !alive(pid))).toBeLessThan(5000);
});

test('Ctrl+C in a terminal, which reaches the process group, leaves the server to its owner', async () => {
  const { child } = await open({ detached: true });
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await sleep(500);
  expect(await answers(`127.0.0.1:${port}`, 'default')).toBe(true);
  await end(child);
  expect(await isOpen(port)).toBe(false);
});

test('a process that has got the number of a server long gone is left alone', async () => {
  const bystander = spawn('sleep', ['60'], { stdio: 'ignore' });
  const wished = { port, ui_port: uiPort };
  const left = { pid: bystander.pid, ...wished, wished, namespace: 'default', binary: '/nowhere/temporal' };
  await writeFile(join(data, 'temporal.json'), JSON.stringify(left));
  expect((await open()).opened.kind).toBe('owned');
  expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
  bystander.kill();
});

test('a database whose making was cut short is made anew', async () => {
  const database = new DatabaseSync(join(data, 'temporal.db'));
  database.exec('CREATE TABLE executions_visibility (id TEXT)');
  database.close();
  expect((await open()).opened.kind).toBe('owned');
});

test('its database is in WAL mode', async () => {
  const { child } = await open();
  await end(child);
  const database = new DatabaseSync(join(data, 'temporal.db'));
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  database.close();
});
