// What a kill -9 of a program at a moment of a six-step run leaves: played on the real programs, read off the model's
// ledger and the run's history.
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { isAlive, type Processes } from './processes.ts';
import { type Program, send } from './program.ts';
import { defaultAnswer } from './openai.ts';

export const victims = ['worker', 'api', 'temporal', 'all'] as const;
export type Victim = (typeof victims)[number];

export interface Crew {
  temporal: Program;
  api: Program;
  worker: Program;
}

/** What became of one run that saw a kill. */
export interface Outcome {
  topic: string;
  /** Of the run, when the kill came, in ms. */
  moment: number;
  /** Of the kill, in ms since the epoch. */
  killedAt: number;
  /** From the kill to the end, in ms. */
  tookMs: number;
  result: unknown;
  /** By part: how often the model was asked. */
  calls: number[];
  /** What a crash must not cost, one line each. */
  wrong: string[];
}

/** About what a run of six steps takes undisturbed, in ms. */
export const runMs = 1200;
const parts = [1, 2, 3, 4, 5, 6];

export const slowly = ({ openai }: Processes) => openai.script({ times: Infinity, tokens: 8, tokenMs: 15 });

export async function hireCrew(processes: Processes): Promise<Crew> {
  const temporal = await processes.run('temporal');
  const [api, worker] = await Promise.all([processes.run('api'), processes.run('worker')]);
  return { temporal, api, worker };
}

/** `count` moments spread over a run's life, the same for the same seed. */
export function momentsOf(seed: number, count: number): number[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, i) => Math.round(((i + random()) / count) * runMs));
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One kill that finds a run at each of the moments; what was killed is started again at once. */
export async function crash(processes: Processes, crew: Crew, victim: Victim, moments: number[]): Promise<Outcome[]> {
  const latest = Math.max(...moments);
  const began = Date.now();
  const started = await Promise.all(
    moments.map(async (moment, i) => {
      await sleep(latest - moment);
      const topic = `${victim} ${began}-${i}`;
      return { topic, at: Date.now(), run: await processes.start('six', { topic }, topic) };
    }),
  );
  await sleep(began + latest - Date.now());
  const { killedAt, goneAt, restarted } = await kill(processes, crew, victim);
  const outcomes = await Promise.all(
    started.map(async ({ topic, at, run }): Promise<Outcome> => {
      const result = await resultOf(run);
      const tookMs = Date.now() - killedAt;
      const { calls, wrong } = await judge(processes, run, topic, { killedAt, goneAt });
      return { topic, moment: killedAt - at, killedAt, tookMs, result, calls, wrong };
    }),
  );
  await restarted;
  return outcomes;
}

async function kill(processes: Processes, crew: Crew, victim: Victim) {
  const server = await processes.serverPid();
  const programs = {
    worker: [crew.worker],
    api: [crew.api],
    temporal: [],
    all: [crew.temporal, crew.api, crew.worker],
  };
  const killedAt = Date.now();
  for (const program of programs[victim]) program.signal('SIGKILL');
  if (victim === 'temporal' || victim === 'all') send(server, 'SIGKILL');
  await Promise.all(programs[victim].map(({ ended }) => ended));
  return { killedAt, goneAt: Date.now(), restarted: restart(processes, crew, victim, server) };
}

async function restart(processes: Processes, crew: Crew, victim: Victim, server: number): Promise<void> {
  switch (victim) {
    case 'worker':
    case 'api':
      crew[victim] = await processes.run(victim);
      return;
    case 'all':
      Object.assign(crew, await hireCrew(processes));
      return;
    case 'temporal':
      // Its owner does.
      while ((await processes.serverPid()) === server || !isAlive(await processes.serverPid())) await sleep(100);
  }
}

/** Asked until Temporal is there to tell. */
async function resultOf(run: WorkflowHandle, ms = 60_000): Promise<unknown> {
  for (const end = Date.now() + ms; ; await sleep(100)) {
    try {
      return await run.result();
    } catch (error) {
      if (error instanceof WorkflowFailedError || Date.now() > end) throw error;
    }
  }
}

/** A kill takes the time from `killedAt` to `goneAt`: what was asked in between was in flight. */
interface Kill {
  killedAt: number;
  goneAt: number;
}

async function judge({ openai }: Processes, run: WorkflowHandle, topic: string, { killedAt, goneAt }: Kill) {
  const completed = await completions(run);
  const wrong: string[] = [];
  const calls = parts.map((part) => openai.ledger.filter(({ prompt }) => prompt === `${topic} part ${part}`));
  for (const [i, made] of calls.entries()) {
    const done = completed[i] ?? 0;
    const times = made.map(({ at }) => at - killedAt).join(', ');
    const told = `part ${i + 1}, completed at ${done - killedAt}, was asked at ${times} (ms after the kill)`;
    if (made.length === 0) wrong.push(`was never asked: ${told}`);
    if (made.some(({ at }) => at > done)) wrong.push(`asked after it was completed: ${told}`);
    if (made.length > 1 && !made.slice(1).every(({ at }) => at > killedAt)) wrong.push(`repeated before: ${told}`);
    if (made.length > 1 && made[0]!.at > goneAt) wrong.push(`was not in flight and yet repeated: ${told}`);
  }
  const repeated = calls.reduce((sum, made) => sum + Math.max(0, made.length - 1), 0);
  if (repeated > 1)
    wrong.push(`more than the call in flight was repeated: ${calls.map(({ length }) => length).join(' ')}`);
  return { calls: calls.map(({ length }) => length), wrong };
}

/** When each step was completed, in ms since the epoch. */
async function completions(run: WorkflowHandle): Promise<number[]> {
  const { events } = await run.fetchHistory();
  return (events ?? [])
    .filter(({ activityTaskCompletedEventAttributes: completed }) => completed)
    .map(({ eventTime }) => Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6);
}

export const answersTo = (topic: string): string[] => parts.map((part) => defaultAnswer(`${topic} part ${part}`));

/** One line for whoever reads a test run. */
export function summary(victim: Victim, outcomes: Outcome[]): string {
  const moments = outcomes.map(({ moment }) => moment).toSorted((a, b) => a - b);
  const repeated = outcomes.filter(({ calls }) => calls.some((made) => made > 1)).length;
  const slowest = Math.max(...outcomes.map(({ tookMs }) => tookMs));
  return `${victim} killed at ${moments.join(', ')} ms: ${outcomes.length} completed, ${repeated} with the call in flight repeated, slowest ${slowest} ms after the kill`;
}
