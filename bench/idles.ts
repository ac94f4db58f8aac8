// Runs of the workflow `idles`: started, forked, restored, each up to the step that tells when it begins.
import { z } from 'zod';
import type { Bench } from './bench.ts';
import { now } from './clock.ts';
import { post } from './requests.ts';

/** A point of a source: so many steps have been taken there. */
export interface Point {
  steps: number;
  checkpoint: string;
}

export interface Told {
  run: string;
  /** From the request to the beginning of the step, in ms. */
  ms: number;
}

const started = z.object({ run_id: z.string() });
const forked = z.object({ new_run_id: z.string() });

export async function startIdles({ service }: Bench, steps: number): Promise<string> {
  return start(service.url, { steps });
}

/** The floor: a plain start, whose first step tells. */
export const tellFromStart = (bench: Bench): Promise<Told> =>
  told(bench, () => start(bench.service.url, { steps: 0, tell: true }));

/** A fork: the step after the checkpoint tells, instead of what the source did there. */
export const tellFromFork = (bench: Bench, { steps, checkpoint }: Point): Promise<Told> =>
  told(bench, async () => {
    const url = `${bench.service.url}/api/checkpoints/${checkpoint}/fork`;
    return forked.parse(await (await post(url, { modifications: { input: { steps, tell: true } } })).json()).new_run_id;
  });

/** A restore of the source itself, which has ended. */
export const tellFromRestore = (bench: Bench, { steps, checkpoint }: Point): Promise<Told> =>
  told(bench, async () => {
    const url = `${bench.service.url}/api/checkpoints/${checkpoint}/restore`;
    const body = { create_new_run: false, modifications: { input: { steps, tell: true } } };
    return started.parse(await (await post(url, body)).json()).run_id;
  });

async function start(service: string, input: { steps: number; tell?: boolean }): Promise<string> {
  const answer = await post(`${service}/api/workflows/idles/runs`, { input });
  return started.parse(await answer.json()).run_id;
}

/** Waits for the run's end, too: it must not fall into the next measure. */
async function told({ beginnings, histories }: Bench, ask: () => Promise<string>): Promise<Told> {
  const begin = now();
  const run = await ask();
  const ms = (await beginnings.next(run)) - begin;
  await histories.ended(run);
  return { run, ms };
}
