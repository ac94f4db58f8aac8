// How the real programs end: asked to, steps in flight finish first; killed, nothing is lost and nothing left behind.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defaultAnswer } from './openai.ts';
import { descendantsOf, isAlive, openProcesses, type Processes } from './processes.ts';
import type { Program } from './program.ts';

// Programs are started twice and three times here, each bundles the workflows, and the machine may be busy.
vi.setConfig({ testTimeout: 180_000 });

let processes: Processes;
beforeEach(async () => void (processes = await openProcesses()));
afterEach(() => processes.close());

/** Each of these starts the programs anew: the long run has all, the short one the first of a kind. */
const sampleOf = <T>(all: T[]): T[] => (process.env['WAYMARK_LONG'] ? all : all.slice(0, 1));
const inLong = <T>(all: T[]): T[] => (process.env['WAYMARK_LONG'] ? all : []);

const graceMs = 30_000;
const question = (content: string) => ({ messages: [{ role: 'user', content }] });
const asked = (about: string) => processes.openai.matching(about);

/** Starts a run through the API whose only step speaks for 2 s, and waits until it does. */
async function speaking(about: string, tokens = 100): Promise<string> {
  processes.openai.script({ match: about, tokens, tokenMs: 20 });
  const answer = await fetch(`${processes.api}/api/workflows/simple/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input: question(about) }),
  });
  const { run_id } = z.object({ run_id: z.string() }).parse(await answer.json());
  await processes.openai.until(() => asked(about).some((call) => call.tokens > 3), 60_000);
  return run_id;
}

/** The answer of a run that has completed. */
async function answerOf(id: string): Promise<unknown> {
  const read = await fetch(`${processes.api}/api/runs/${id}/result?timeout=60`);
  const { status, result } = z.object({ status: z.string(), result: z.unknown() }).parse(await read.json());
  return status === 'completed' ? z.object({ answer: z.string() }).parse(result).answer : status;
}

async function endsWell(program: Program, askToEnd: () => void): Promise<void> {
  const asked = Date.now();
  askToEnd();
  const { code, signal, at } = await program.ended;
  expect({ code, signal }, program.output()).toEqual({ code: 0, signal: null });
  expect(at - asked).toBeLessThan(graceMs);
}

/** The step that was in flight ended by itself, in its first attempt. */
function expectUncut(about: string): void {
  expect(asked(about).map(({ outcome }) => outcome)).toEqual(['answered']);
}

async function untilGone(pids: number[], ms: number): Promise<number[]> {
  for (const end = Date.now() + ms; pids.some(isAlive) && Date.now() < end;) await sleep(100);
  return pids.filter(isAlive);
}

test('a worker asked to end lets its step end, aborts nothing and exits with 0', async () => {
  await processes.run('temporal');
  await processes.run('api');
  const worker = await processes.run('worker');
  const run = await speaking('worker ends');
  await endsWell(worker, () => worker.signal('SIGTERM'));
  expectUncut('worker ends');
  await processes.run('worker');
  expect(await answerOf(run)).toBe(defaultAnswer(`worker ends`, 100));
  expect(asked('worker ends')).toHaveLength(1);
});

test('a step that is longer than the grace period is aborted, taken again by another worker, and the run completes', async () => {
  await processes.run('temporal');
  await processes.run('api');
  const worker = await processes.run('worker', { WAYMARK_SHUTDOWN_GRACE_S: '1' });
  const run = await speaking('too long', 1000);
  await endsWell(worker, () => worker.signal('SIGTERM'));
  expect(asked('too long')[0]?.outcome).toBe('aborted');
  await processes.run('worker');
  expect(await answerOf(run)).toBe(defaultAnswer('too long'));
});

const ways: [string, (program: Program) => void][] = [
  ['Ctrl+C, a SIGINT to its process group,', (program) => program.signalGroup('SIGINT')],
  ['SIGTERM', (program) => program.signal('SIGTERM')],
];

test.each(sampleOf(ways))(
  '%s lets main.ts end its step in flight, then Temporal, and leaves no process',
  async (name, askToEnd) => {
    const main = await processes.run('waymark');
    const started = descendantsOf(main.pid);
    const server = await processes.serverPid();
    expect(started).toContain(server);
    const run = await speaking(`${name} ends all`);
    await endsWell(main, () => askToEnd(main));
    expectUncut(`${name} ends all`);
    expect(await untilGone(started, 500)).toEqual([]);

    await processes.run('waymark');
    expect(await answerOf(run)).toBe(defaultAnswer(`${name} ends all`, 100));
    expect(asked(`${name} ends all`)).toHaveLength(1);
  },
);

const npmWays: [string, (npm: Program) => void][] = [
  ['Ctrl+C at npm start, which npm passes on once more,', (npm) => npm.signalGroup('SIGINT')],
  ['SIGTERM to npm alone', (npm) => npm.signal('SIGTERM')],
];

test.each(inLong(npmWays))('%s lets the step in flight end and leaves no process', async (name, askToEnd) => {
  const npm = processes.command('npm', ['start']);
  await npm.says(/The worker takes runs and steps\./);
  const started = descendantsOf(npm.pid);
  await speaking(name);
  askToEnd(npm);
  expect(await untilGone(started, graceMs)).toEqual([]);
  expectUncut(name);
});

test.runIf(process.env['WAYMARK_LONG'])(
  'main.ts that was there before Temporal lets its step in flight end as well',
  async () => {
    const main = processes.spawn('waymark', { TEMPORAL_ADDRESS: `127.0.0.1:${processes.temporalPort}` });
    await main.says(/^Waymark is at/m);
    await processes.run('temporal');
    await main.says(/The worker takes runs and steps\./);
    await speaking('came first');
    await endsWell(main, () => main.signal('SIGTERM'));
    expectUncut('came first');
    expect(asked('came first')).toHaveLength(1);
  },
);

test.runIf(process.env['WAYMARK_LONG'])(
  'asked to end twice, main.ts ends at once, and the next start finishes the run',
  async () => {
    const main = await processes.run('waymark');
    const started = descendantsOf(main.pid);
    const run = await speaking('twice', 500);
    main.signal('SIGINT');
    await sleep(1500);
    const again = Date.now();
    main.signal('SIGINT');
    const { code, at } = await main.ended;
    expect(code).toBe(130);
    expect(at - again).toBeLessThan(1000);
    expect(await untilGone(started, 5000)).toEqual([]);
    await processes.run('waymark');
    expect(await answerOf(run)).toBe(defaultAnswer('twice'));
  },
);

test('when main.ts is killed, Temporal ends by itself; the next start has its data and the open run completes', async () => {
  const main = await processes.run('waymark');
  const started = descendantsOf(main.pid);
  const run = await speaking('killed');
  main.signal('SIGKILL');
  await main.ended;
  expect(await untilGone(started, 5000)).toEqual([]);
  await processes.run('waymark');
  expect(await answerOf(run)).toBe(defaultAnswer('killed'));
  expect(asked('killed')).toHaveLength(2);
});
