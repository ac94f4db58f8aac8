// Sends a run's frames in the words of this door: each gives text of server-sent events, or none.
import type { Context } from 'hono';
import type { Frame } from '../../events/event.ts';
import type { Subscription } from '../../events/streams.ts';
import { send } from '../../events-answer.ts';

export function sendLines(c: Context, subscription: Subscription, tell: (frame: Frame) => Promise<string>): Response {
  const encoder = new TextEncoder();
  const encode = async (frame: Frame) => {
    const told = await tell(frame);
    return told === '' ? null : encoder.encode(told);
  };
  return send(c, subscription, { encode });
}
