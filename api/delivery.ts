// Hands a run's events to one viewer, over SSE or WebSocket. A viewer that reads too slowly is cut.
import type { WebSocket } from 'ws';
import { CutOff } from './events/errors.ts';
import type { Frame } from './events/event.ts';
import type { Subscription } from './events/streams.ts';

/** A proxy or a browser gives up on a silent connection: a comment at least this often, in ms. */
const pingMs = 10_000;

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const sseHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache',
  'X-Accel-Buffering': 'no',
};

const encoder = new TextEncoder();
const ping = encoder.encode(': ping\n\n');

// One chunk for all viewers of a frame.
const encoded = new WeakMap<Frame, Uint8Array>();

export function chunkOf(frame: Frame): Uint8Array {
  const known = encoded.get(frame);
  if (known) return known;
  // JSON has no bare line ends, so one data line holds it.
  const chunk = encoder.encode(`id: ${frame.id}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame.data)}\n\n`);
  encoded.set(frame, chunk);
  return chunk;
}

export function sseBody(subscription: Subscription): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const frames = subscription[Symbol.asyncIterator]();
  const leave = () => {
    clearInterval(timer);
    subscription.close();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(ping);
      }, pingMs);
      subscription.cut.addEventListener('abort', () => {
        leave();
        controller.error(new CutOff('This viewer read too slowly.'));
      });
    },
    async pull(controller) {
      try {
        const next = await frames.next();
        if (!next.done) return controller.enqueue(chunkOf(next.value));
        leave();
        controller.close();
      } catch (error) {
        leave();
        controller.error(error);
      }
    },
    cancel: leave,
  });
}

/** Close codes: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1; 1013 is "try again later". */
const closed = { normal: 1000, fault: 1011, tooSlow: 1013 };

/** Sends every frame as one JSON message {id, type, timestamp, data}, then closes. */
export async function deliver(subscription: Subscription, socket: WebSocket): Promise<void> {
  const timer = setInterval(() => socket.ping(), pingMs);
  const leave = () => subscription.close();
  socket.once('close', leave);
  // A subscription that is cut says so at once, even while a send waits for the viewer.
  subscription.cut.addEventListener('abort', () => socket.close(closed.tooSlow, 'read too slowly'));
  try {
    for await (const frame of subscription) await send(socket, JSON.stringify(frame));
    socket.close(closed.normal);
  } catch (error) {
    if (!(error instanceof CutOff)) socket.close(closed.fault, 'the stream ended with a fault');
  } finally {
    clearInterval(timer);
    leave();
  }
}

/** Done when the viewer's side of the connection has taken it: nothing piles up here. */
async function send(socket: WebSocket, text: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    socket.send(text, (error) => (error ? failed(error) : done()));
  });
}
