// What it costs to read and fold a history of 10,000 events.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../api/events/decode/decode.ts';
import { createRecord } from '../api/events/record.ts';
import type { ServerProcess } from '../temporal/server.ts';
import { openStage, type Stage } from './events-stage.ts';
import { startShortServer } from './short-server.ts';
import type { Act } from './workflows/events-acts.ts';

let server: ServerProcess;
let stage: Stage;
beforeAll(async () => {
  // So long a history in one timeline: by itself a run would have gone on in another one.
  server = await startShortServer(40_000);
  stage = await openStage(server.address);
}, 120_000);
afterAll(async () => {
  await stage.close();
  await server.stop();
});

test('a history of 10,000 events is decoded and folded in a second of CPU time', { timeout: 300_000 }, async () => {
  const { streams } = await stage.api();
  const side: Act = { act: 'idle', name: 'side', times: 30, bytes: 500 };
  const script = Array.from({ length: 11 }, (): Act => ({
    act: 'together',
    acts: Array.from({ length: 10 }, () => side),
  }));
  const run = await stage.start(script);
  await run.result();
  const { runId: timeline } = await run.describe();
  const { events = [] } = await run.fetchHistory();
  expect(events!.length).toBeGreaterThan(10_000);

  const began = performance.now();
  const view = await streams.view(run.workflowId);
  const viewed = performance.now() - began;
  expect(view.steps).toHaveLength(3_300);

  const record = createRecord(run.workflowId);
  record.begin({ timeline, opening: 'begins' }, 1);
  const open = (payload: { data?: Uint8Array | null }): Promise<unknown> =>
    Promise.resolve(JSON.parse(Buffer.from(payload.data ?? []).toString()));
  const from = process.cpuUsage();
  const happenings = await decode(events!, open);
  const decoding = cpuMs(from);
  record.take(happenings);
  const folding = cpuMs(from) - decoding;
  console.log(JSON.stringify({ events: events!.length, decoding, folding, viewed }));
  expect(decoding + folding).toBeLessThan(1_000);
  expect(viewed).toBeLessThan(10_000);
});

/** CPU time, so that a busy machine does not count. */
function cpuMs(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1000;
}
