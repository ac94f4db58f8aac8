// A store that is slow, or away for a while, when a step has its result: the result is waited for, not paid for again.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { StorageDriver } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createFunctionStore } from '../activities/functions/store.ts';
import { createActivities } from '../activities/index.ts';
import { createMemoryHub } from '../activities/memory-hub.ts';
import { attemptInterceptor } from '../activities/owner.ts';
import { blobs, createDataConverter, createKeeper } from '../temporal/converter.ts';
import { noSandbox } from './stub-sandbox.ts';
import { type FakeOpenAI, startOpenAI } from './openai.ts';

const taskQueue = `keeping-${randomUUID()}`;
/** What the next calls of `store` come to before they store. */
const troubles: (() => Promise<void>)[] = [];
const produced: number[] = [];
let openai: FakeOpenAI;
let client: Client;
let close: () => Promise<void>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  openai = await startOpenAI();
  const data = await mkdtemp(join(tmpdir(), 'waymark-keeping-'));
  const driver = troubled(blobs(data));
  const dataConverter = createDataConverter(driver);
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const namespace = inject('temporalNamespace');
  client = new Client({ connection, namespace, dataConverter });
  const model = { baseURL: openai.url, apiKey: 'x', protocol: 'responses', model: 'gpt-4o-mini' } as const;
  const fetchPage = () => Promise.reject(new Error('No pages here.'));
  const functions = createFunctionStore(data);
  const shipped = createActivities({ model, blobs: driver, data, fetchPage, sandbox: noSandbox, functions });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    dataConverter,
    workflowBundle: { codePath: inject('workflowBundle') },
    activities: { ...shipped, produce, consume },
    interceptors: { activity: [attemptInterceptor({ hub: createMemoryHub(), keep: createKeeper(driver) })] },
    maxHeartbeatThrottleInterval: '500ms',
  });
  const ended = worker.run();
  close = async () => {
    worker.shutdown();
    await ended;
    await connection.close();
    await openai.close();
    await rm(data, { recursive: true, force: true });
  };
});
afterAll(() => close());
beforeEach(() => {
  openai.reset();
  troubles.length = 0;
  produced.length = 0;
});

function troubled(driver: StorageDriver): StorageDriver {
  return {
    name: driver.name,
    type: driver.type,
    retrieve: (context, claims) => driver.retrieve(context, claims),
    async store(context, payloads) {
      await troubles.shift()?.();
      return driver.store(context, payloads);
    },
  };
}

const full = () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));

async function produce(bytes: number): Promise<string> {
  produced.push(bytes);
  return 'x'.repeat(bytes);
}
const consume = (value: string) => Promise.resolve(value.length);

const execute = (workflow: string, input: unknown): Promise<unknown> =>
  client.workflow.execute(workflow, { taskQueue, workflowId: randomUUID(), args: [input] });

test('a large result that takes longer to store than a heartbeat may be late is not produced again', async () => {
  troubles.push(() => sleep(4000));
  expect(await execute('large', 100_000)).toMatchObject({ taken: 100_000 });
  expect(produced).toHaveLength(1);
});

test('a large result that cannot be stored for a while is not produced again', async () => {
  troubles.push(full, full, full);
  expect(await execute('large', 100_000)).toMatchObject({ taken: 100_000 });
  expect(produced).toHaveLength(1);
});

test('an answer whose conversation cannot be stored for a while is not bought again', async () => {
  troubles.push(full, full, full);
  expect(await execute('talks', { topic: 'A full disk', turns: 2, chars: 50 })).toBe(4);
  expect(openai.matching('A full disk turn 1')).toHaveLength(2);
});
