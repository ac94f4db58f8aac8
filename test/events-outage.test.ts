// A stream while Temporal is away: it waits, and goes on when Temporal is back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { historyConnection } from '../api/events/history.ts';
import { createStreams } from '../api/events/streams.ts';
import { type ServerOptions, startServer } from '../temporal/server.ts';
import { newClient, read, until } from './events-client.ts';
import { freePort } from './temporal.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'waymark-outage-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a viewer outlives a restart of Temporal without missing anything', async () => {
  const options: ServerOptions = {
    binary: inject('temporalBinary'),
    port: await freePort(),
    uiPort: await freePort(),
    database: join(folder, 'temporal.db'),
    namespace: 'default',
  };
  let server = await startServer(options);
  const connection = await Connection.connect({ ...historyConnection(), address: server.address });
  const open = (payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0]) =>
    Promise.resolve(defaultPayloadConverter.fromPayload<unknown>(payload));
  const streams = createStreams({ connection, namespace: 'default', open, hub: undefined });
  const { workflow } = new Client({ connection });
  const run = await workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'outage' });
  const client = newClient();
  const reading = read(streams, run.workflowId, client);
  await until(() => client.frames.length === 1);
  await server.stop();
  await sleep(1500);
  server = await startServer(options);
  await run.terminate();
  await reading;
  expect(client.frames.map(({ type }) => type)).toEqual(['run_started', 'run_failed']);
  await streams.close();
  await connection.close();
  await server.stop();
});
