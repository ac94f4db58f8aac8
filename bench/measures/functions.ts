// Functions called over HTTP: an empty one, one that takes and gives a large frame, several at once. The floor is the same
// program in the same sandbox without a service. And how long the sandbox takes to start when its folder is there.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createFunctionStore } from '../../activities/functions/store.ts';
import type { Frame, Sandbox } from '../../activities/sandbox/sandbox.ts';
import type { Bench } from '../bench.ts';
import { openSandbox } from '../python.ts';
import { post } from '../requests.ts';
import { median } from '../statistics.ts';

const starts = 3;
const empties = 12;
const framed = 8;
const rows = 10_000;
const atOnce = 4;
const programs = 16;
/** Behind each program the next sandbox loads pandas, which takes 0.8 s where nothing else runs. */
const loadedMs = 2000;

/** Times in ms; medians. */
export interface Functions {
  /** Until the sandbox is proved, its folder found. */
  start_ms: number;
  /** The first program after a start, for which no sandbox waits: pandas is loaded. */
  first_ms: number;
  /** From the request to the frame, a sandbox waiting. */
  empty_ms: number;
  empty_min_ms: number;
  empty_floor_ms: number;
  /** Four columns, there and back. */
  rows: number;
  frame_ms: number;
  frame_min_ms: number;
  frame_floor_ms: number;
  /** Empty ones, so many at once: each has pandas loaded for itself. */
  at_once: number;
  runs_per_s: number;
  floor_per_s: number;
}

export async function measureFunctions({ service, python }: Bench): Promise<Functions> {
  if (!python) throw new Error('The service was started without Python.');
  const { start, first, sandbox } = await startSandboxes(python.directory);
  try {
    const [empty, mirror] = [await keep(python.functions, emptyCode), await keep(python.functions, mirrorCode, true)];
    const call = (task: string, input1?: Frame) => callTask(service.url, task, input1);
    const frame = largeFrame();
    const alone = await inTurns(empties, () => call(empty), runIn(sandbox, emptyCode));
    const large = await inTurns(framed, () => call(mirror, frame), runIn(sandbox, mirrorCode, frame));
    const floorRate = await rate(runIn(sandbox, emptyCode));
    return {
      start_ms: start,
      first_ms: first,
      empty_ms: median(alone.ours),
      empty_min_ms: Math.min(...alone.ours),
      empty_floor_ms: median(alone.floors),
      rows,
      frame_ms: median(large.ours),
      frame_min_ms: Math.min(...large.ours),
      frame_floor_ms: median(large.floors),
      at_once: atOnce,
      runs_per_s: await rate(() => call(empty)),
      floor_per_s: floorRate,
    };
  } finally {
    await sandbox.close();
  }
}

/** The last of them stays. */
async function startSandboxes(directory: string) {
  const [begun, ran]: [number[], number[]] = [[], []];
  for (;;) {
    let sandbox: Sandbox | undefined;
    begun.push(await timed(async () => void (sandbox = await openSandbox(directory))));
    if (!sandbox) throw new Error('There is no sandbox.');
    ran.push(await timed(runIn(sandbox, emptyCode)));
    if (begun.length === starts) return { start: median(begun), first: median(ran), sandbox };
    await sandbox.close();
  }
}

const emptyCode = 'import pandas as pd\n\ndef main_function():\n    return pd.DataFrame({"n": [1]})\n';
const mirrorCode = 'def main_function(input1):\n    return input1\n';

const largeFrame = (): Frame => {
  const column = <T>(cell: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => cell(row));
  const values = [
    column((row) => row),
    column((row) => row / 7),
    column((row) => `row ${row}`),
    column((row) => row % 2 === 0),
  ];
  return { columns: ['whole', 'part', 'text', 'even'], values };
};

/** As if a model had written it. Gives its id. */
async function keep(folder: string, code: string, framed = false): Promise<string> {
  const task_id = randomUUID();
  await createFunctionStore(folder).write({
    task_id,
    task_name: 'Measured',
    task_type: framed ? 'passthrough' : 'input',
    desired_action: 'nothing',
    user_inputs: {},
    packages_used: [],
    created_at: new Date().toISOString(),
    example: null,
    code,
  });
  return task_id;
}

const answered = z.object({ result: z.object({ values: z.array(z.array(z.unknown())) }) });

async function callTask(service: string, task: string, input1?: Frame): Promise<void> {
  const answer: unknown = await (await post(`${service}/api/task/${task}/run`, { inputs: {}, input1 })).json();
  const { values } = answered.parse(answer).result;
  if (values[0]?.length !== (input1 ? rows : 1)) throw new Error(`A function gave ${values[0]?.length} rows.`);
}

const runIn = (sandbox: Sandbox, code: string, frame?: Frame) => async (): Promise<void> => {
  const { kind } = await sandbox.run({ code, inputs: {}, ...(frame && { frame }) }, new AbortController().signal);
  if (kind !== 'result') throw new Error(`A program gave ${kind}.`);
};

/** The first of each is not counted. */
async function inTurns(times: number, ours: () => Promise<void>, floor: () => Promise<void>) {
  const taken: { ours: number[]; floors: number[] } = { ours: [], floors: [] };
  for (let i = -1; i < times; i++) {
    await sleep(loadedMs);
    const [floored, took] = [await timed(floor), await timed(ours)];
    if (i < 0) continue;
    taken.floors.push(floored);
    taken.ours.push(took);
  }
  return taken;
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

async function rate(run: () => Promise<void>): Promise<number> {
  let left = programs;
  const lane = async () => {
    while (left-- > 0) await run();
  };
  const took = await timed(async () => void (await Promise.all(Array.from({ length: atOnce }, lane))));
  return (programs * 1000) / took;
}
