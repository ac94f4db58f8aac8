// Large values beside many streams: nothing waits for them, and no heartbeat is missed.
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defaultAnswer } from './openai.ts';
import { type ApiStage, catalogue, openApiStage } from './api-stage.ts';
import { openWorld, type World } from './world.ts';

vi.setConfig({ testTimeout: 180_000 });

const megabyte = 1024 * 1024;
const bytes = 20 * megabyte;
let site: Server;
let origin: string;
let world: World;
let stage: ApiStage;

beforeAll(async () => {
  site = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(page(5 * megabyte - 1024));
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (typeof address !== 'object' || !address) throw new Error('The site has no port.');
  origin = `http://127.0.0.1:${address.port}`;
  const produce = (size: number) => Promise.resolve(letters(size));
  const consume = (value: string) => Promise.resolve(value.length);
  world = await openWorld({ pages: { allow: [origin] }, activities: { produce, consume } });
  stage = await openApiStage(world, { catalogue: { ...catalogue, large: { input: z.number() } } });
});
afterAll(async () => {
  await stage.close();
  await world.close();
  site.close();
});

const ended = z.object({ status: z.string(), result: z.object({ taken: z.number(), value: z.string() }) });

/** The same each time, no part like another. */
const letters = (size: number) => Array.from({ length: size / 64 }, (_, i) => `${i}`.padEnd(64, 'abcdefgh')).join('');

/** A page as deep and as broken into parts as real ones are. */
function page(size: number): string {
  const part =
    '<div class="row"><p>A sentence of <b>some</b> length, <a href="/x">a link</a>.</p><ul><li>one<li>two</ul></div>\n';
  return `<html><head><title>Large</title></head><body>${part.repeat(Math.floor(size / part.length))}</body></html>`;
}

async function historyOf(run: WorkflowHandle) {
  const events = (await run.fetchHistory()).events ?? [];
  return {
    timedOut: events.filter((event) => event.activityTaskTimedOutEventAttributes).length,
    attempts: events.flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started ? [started.attempt ?? 0] : [],
    ),
    bytes: (await run.describe()).historySize ?? 0,
  };
}

test('a result of 20 MB and pages of 5 MB pass beside 20 streams without a heartbeat missed, and histories stay small', async () => {
  world.openai.script({ match: 'stream', times: Infinity, tokens: 1000, tokenMs: 40 });
  const streams = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      world.start('simple', { messages: [{ role: 'user', content: `stream ${i}` }] }),
    ),
  );
  await world.openai.until(
    () => world.openai.matching('stream').filter(({ tokens }) => tokens > 5).length === 20,
    20_000,
  );
  const large = await world.start('large', bytes);
  const question = { messages: [{ role: 'user', content: 'What is it?' }], url: `${origin}/large` };
  const pages = await Promise.all([1, 2].map(() => world.start('rag', question)));

  const result = await stage.ask('GET', `/api/runs/${large.workflowId}/result?timeout=60`);
  const body = await result.text();
  expect(result.status, body.slice(0, 1000)).toBe(200);
  const got = ended.parse(JSON.parse(body));
  expect({ status: got.status, taken: got.result.taken }).toEqual({ status: 'completed', taken: bytes });
  // Not in an expectation, which would print 20 MB.
  expect(got.result.value === letters(bytes)).toBe(true);
  const read = await Promise.all(pages.map((run) => run.result()));
  expect(world.openai.matching('stream').every(({ outcome }) => outcome === 'open')).toBe(true);
  for (const { page: told } of read) expect(told).toMatchObject({ title: 'Large', url: `${origin}/large` });
  for (const [i, run] of streams.entries())
    expect((await run.result()).answer).toBe(defaultAnswer(`stream ${i}`, 1000));

  const histories = await Promise.all([...streams, large, ...pages].map(historyOf));
  expect(histories.reduce((sum, { timedOut }) => sum + timedOut, 0)).toBe(0);
  expect(new Set(histories.flatMap(({ attempts }) => attempts))).toEqual(new Set([1]));
  expect(world.openai.matching('stream')).toHaveLength(20);
  const largest = Math.max(...histories.map((history) => history.bytes));
  console.log(`largest history: ${largest} bytes`);
  expect(largest).toBeLessThan(100_000);
});
