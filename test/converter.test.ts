// The data converter: large payloads are files, histories stay flat, what cannot be read says so.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload, type PayloadCodec } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { blobs, createDataConverter, threshold } from '../temporal/converter.ts';
import { isPayloadMissing } from '../temporal/missing.ts';
import { openPayloads } from '../temporal/payloads.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'waymark-blobs-'));
});
afterEach(() => rm(data, { recursive: true }));

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);

async function files(): Promise<string[]> {
  const entries = await readdir(join(data, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('a 20 MB value passes from client to step and back, and its history stays under 10 KB', async () => {
  const dataConverter = createDataConverter(blobs(data));
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, dataConverter });
  const taskQueue = `converter-${process.pid}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    dataConverter,
    workflowsPath: fileURLToPath(new URL('temporal-workflows.ts', import.meta.url)),
    activities: { echo: (value: string) => Promise.resolve(value) },
  });
  const value = randomBytes(10_000_000).toString('hex');
  await worker.runUntil(async () => {
    const handle = await client.workflow.start('roundTrip', { taskQueue, args: [value], workflowId: taskQueue });
    expect((await handle.result()) === value).toBe(true);
    const described = await handle.describe();
    expect(described.historySize).toBeLessThan(10_000);
    const raw = await client.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: taskQueue },
    });
    const started = raw.history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    expect((await openPayloads(dataConverter).value(started?.input?.payloads)) === value).toBe(true);
  });
  expect(await files()).toHaveLength(1);
  await connection.close();
  await native.close();
});

test('equal payloads share one file, whatever the order of their metadata', async () => {
  const driver = blobs(data);
  const one = { metadata: { a: Buffer.from('1'), b: Buffer.from('2') }, data: Buffer.from('x') };
  const two = { metadata: { b: Buffer.from('2'), a: Buffer.from('1') }, data: Buffer.from('x') };
  const other = { ...one, metadata: { a: Buffer.from('1') } };
  const claims = await driver.store({}, [one, two, other]);
  expect(claims[0]).toEqual(claims[1]);
  expect(claims[2]).not.toEqual(claims[0]);
  const paths = await files();
  expect(paths).toHaveLength(2);
  expect(paths.map((path) => path.slice(data.length))).toContain(
    `/blobs/${claims[0]?.claimData.sha256?.slice(0, 2)}/${claims[0]?.claimData.sha256?.slice(2)}`,
  );
});

test('a payload stored by twenty writers at once is whole, and no part of a file stays', async () => {
  const driver = blobs(data);
  const large = payload('x'.repeat(2_000_000));
  const claims = (await Promise.all(Array.from({ length: 20 }, () => driver.store({}, [large])))).flat();
  expect(await files()).toHaveLength(1);
  const [back] = await driver.retrieve({}, claims.slice(0, 1));
  expect(defaultPayloadConverter.fromPayload(back ?? {})).toHaveLength(2_000_000);
});

test('a payload stored again counts as young', async () => {
  const driver = blobs(data);
  await driver.store({}, [payload('again')]);
  const [path = ''] = await files();
  await utimes(path, 0, 0);
  await driver.store({}, [payload('again')]);
  expect((await stat(path)).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
});

test('what is below the threshold stays in the history', async () => {
  const { externalStorage } = createDataConverter(blobs(data));
  expect(externalStorage?.payloadSizeThreshold).toBe(threshold);
  expect(threshold).toBe(32_768);
});

test('a payload whose file is gone is PayloadMissing and names what to do', async () => {
  const driver = blobs(data);
  const claims = await driver.store({}, [payload('gone')]);
  for (const path of await files()) await rm(path);
  const error: unknown = await driver.retrieve({}, claims).catch((reason: unknown) => reason);
  expect(isPayloadMissing(error)).toBe(true);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'PayloadMissing', nonRetryable: false, nextRetryDelay: '10s' });
  expect(String(error)).toMatch(/WAYMARK_DATA/);
});

test('a payload whose file was cut short is PayloadMissing, not a half value', async () => {
  const driver = blobs(data);
  const claims = await driver.store({}, [payload('x'.repeat(100_000))]);
  const [path = ''] = await files();
  await truncate(path, 50_000);
  await expect(driver.retrieve({}, claims)).rejects.toThrow(/damaged/);
});

test('a reference that is not a hash reaches no file', async () => {
  const driver = blobs(data);
  await expect(driver.retrieve({}, [{ claimData: { sha256: '../../etc/passwd' } }])).rejects.toThrow(/malformed/);
});

test('a codec sees the plain payload, the file holds what it made of it', async () => {
  const flip = (payloads: Payload[]) =>
    Promise.resolve(payloads.map((one) => ({ ...one, data: one.data?.map((byte) => byte ^ 255) })));
  const codec: PayloadCodec = { encode: flip, decode: flip };
  const dataConverter = createDataConverter(blobs(data), [codec]);
  const secret = 'secret '.repeat(10_000);
  const encoded = await codec.encode([payload(secret)]);
  const claims = await blobs(data).store({}, encoded);
  const [path = ''] = await files();
  expect((await readFile(path)).includes('secret')).toBe(false);
  const stored = await blobs(data).retrieve({}, claims);
  expect(await openPayloads(dataConverter).values(stored)).toEqual([secret]);
});
