// A message's events as a stream: what its run does, in the words of this door.
import type { Context } from 'hono';
import { longRead, withDeadline } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import { runNotFound } from '../../errors.ts';
import type { Frame } from '../../events/event.ts';
import { send, subscribe } from '../../events-answer.ts';
import { requireRun } from '../../runs/describe.ts';
import { viewOf } from '../../runs/read.ts';
import { planOf } from './plan.ts';
import { createProgress, type StepEvent } from './progress.ts';
import { createResults } from './results.ts';
import { createTelling } from './telling.ts';

/** Throws ApiError 404 also for runs of other workflows. */
export async function follow(deps: Core, c: Context, run: string): Promise<Response> {
  const { type } = await withDeadline(deps, () => requireRun(deps, run));
  const plan = planOf(type);
  if (!plan) throw runNotFound(run);
  const subscription = await subscribe(deps, run);
  try {
    // Of the tail that is now there: no history is read for it.
    const { timelines } = await longRead(deps, () => viewOf(deps, run));
    const rewinds = timelines.filter(({ opening }) => opening === 'rewound').length;
    const tell = createTelling({ progress: createProgress(run, plan), results: createResults(deps, run), rewinds });
    return send(c, subscription, { encode: encoded(tell) });
  } catch (error) {
    subscription.close();
    throw error;
  }
}

const encoder = new TextEncoder();

/** No id is sent: an EventSource that comes back is to be told all. */
const encoded = (tell: (frame: Frame) => Promise<StepEvent[]>) => async (frame: Frame) => {
  const events = await tell(frame);
  if (events.length === 0) return null;
  return encoder.encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
};
