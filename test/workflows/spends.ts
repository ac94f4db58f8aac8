// Runs that spend: for ever, side by side, through children.
import { CancellationScope, executeChild, isCancellation, startChild, uuid4 } from '@temporalio/workflow';
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { askPerson } from '../../workflows/runtime/person.ts';
import { step } from '../../workflows/runtime/step.ts';

const input = z.object({ topic: z.string(), most: z.int().default(1000), model: z.string().optional() });

const call = (name: string, topic: string, model?: string) =>
  step(name).callModel({ messages: [user(`${topic} ${name}`)], ...(model !== undefined && { model }) });

/** Calls the model again and again. */
export async function loops({ topic, most, model }: z.infer<typeof input>): Promise<number> {
  for (let i = 1; i <= most; i++) await call(`call_${i}`, topic, model);
  return most;
}
loops.input = input;

const wide = z.object({ topic: z.string(), width: z.int() });

/** Calls it so often at once. */
export async function crowds({ topic, width }: z.infer<typeof wide>): Promise<number> {
  const all = await Promise.all(Array.from({ length: width }, (_, i) => call(`call_${i + 1}`, topic)));
  return all.length;
}
crowds.input = wide;

const parents = z.object({ topic: z.string(), children: z.int(), each: z.int(), after: z.int().default(0) });

/** Has children that do, side by side, and goes on itself. */
export async function hasSpenders({ topic, children, each, after }: z.infer<typeof parents>): Promise<string> {
  const of = (i: number) =>
    executeChild(loops, {
      workflowId: `${topic}-child-${i}-${uuid4()}`,
      args: [{ topic: `${topic} child ${i}`, most: each }],
    });
  await Promise.all(Array.from({ length: children }, (_, i) => of(i + 1)));
  for (let i = 1; i <= after; i++) await call(`own_${i}`, topic);
  return 'done';
}
hasSpenders.input = parents;

const sits = z.object({ topic: z.string() });

/** One call, then it waits for a person for ever. */
export async function sitsThere({ topic }: z.infer<typeof sits>): Promise<unknown> {
  await call('first', topic);
  return askPerson({ name: 'verdict', question: 'Well?' });
}
sitsThere.input = sits;

/** One call, then two children, of which one is wanted for a moment only. */
export async function givesUp({ topic }: z.infer<typeof sits>): Promise<string> {
  await call('first', topic);
  const child = (most: number) =>
    executeChild(loops, { workflowId: `${topic}-child-${uuid4()}`, args: [{ topic, most }] });
  const soon = CancellationScope.withTimeout('1 second', () => child(1)).catch((error: unknown) => {
    if (!isCancellation(error)) throw error;
  });
  const [made] = await Promise.all([child(1), soon]);
  return `${made} made`;
}
givesUp.input = sits;

/** A child at work, and another one that is refused, for it has the same id. */
export async function hasTwins({ topic }: z.infer<typeof sits>): Promise<string> {
  const workflowId = `${topic}-twin-${uuid4()}`;
  const first = await startChild(loops, { workflowId, args: [{ topic, most: 4 }] });
  await startChild(loops, { workflowId, args: [{ topic, most: 4 }] }).catch(() => {});
  return `${await first.result()} made`;
}
hasTwins.input = sits;

/** Has a child that nobody works on. */
export async function hasIdler({ topic }: z.infer<typeof sits>): Promise<number> {
  const workflowId = `${topic}-idler-${uuid4()}`;
  return executeChild(loops, { workflowId, taskQueue: `nobody-${workflowId}`, args: [{ topic, most: 1 }] });
}
hasIdler.input = sits;
