// Workflows of many steps: one after the other, side by side, in a child.
import { condition, defineQuery, executeChild, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { SinkActivities } from './sink.ts';

const { work } = proxyActivities<SinkActivities>({ startToCloseTimeout: '60s' });

export const taken = defineQuery<string[]>('taken');

/** Answers all that its steps have said. */
export async function chain(steps: number, ms = 0): Promise<string> {
  const said: string[] = [];
  setHandler(taken, () => said);
  for (let i = 0; i < steps; i++) said.push(await work(`n${i}`, ms));
  return said.join();
}

/** Always `width` steps in flight, of results with `size` characters or few. */
export async function wide(width: number, steps: number, ms: number, size = 0): Promise<number> {
  let next = 0;
  const line = async () => {
    let done = 0;
    while (next < steps) {
      await work(`w${next++}`.padEnd(size), ms + (next % 7));
      done++;
    }
    return done;
  };
  const done = await Promise.all(Array.from({ length: width }, line));
  return done.reduce((sum, each) => sum + each, 0);
}

/** Waits for what never holds: a short history after its fifth step. Its steps' results are of `size` characters. */
export async function watchful(steps: number, size: number): Promise<string> {
  let done = 0;
  let seen = 'never';
  const watch = async () => {
    await condition(() => done >= 5 && workflowInfo().historyLength < 12);
    seen = `after ${done}`;
  };
  void watch();
  for (; done < steps; done++) await work(`${done}`.padEnd(size));
  return seen;
}

/** A child of five steps, then one step of its own. */
export async function parent(ms: number): Promise<string> {
  const child = await executeChild(chain, { args: [5, ms] });
  return `${child} ${await work('after')}`;
}
