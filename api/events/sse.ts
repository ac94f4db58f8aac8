// Frames as Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html
import type { Frame } from './event.ts';
import type { Subscription } from './streams.ts';

export const sseHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache',
  /** Tells nginx and its like to pass every event on at once. */
  'X-Accel-Buffering': 'no',
};

/** Proxies end silent connections; ours are never silent for longer. */
const pingMs = 15_000;

const encoder = new TextEncoder();
const ping = encoder.encode(': ping\n\n');

/** One encoded chunk for all viewers who are sent the same frame. */
const chunks = new WeakMap<Frame, Uint8Array>();

export function sseChunk(frame: Frame): Uint8Array {
  const known = chunks.get(frame);
  if (known) return known;
  const chunk = encoder.encode(`id: ${frame.id}\nevent: ${frame.type}\ndata: ${JSON.stringify(frame.data)}\n\n`);
  chunks.set(frame, chunk);
  return chunk;
}

/** `Last-Event-ID` of a reconnecting EventSource, or `?last_event_id=` for clients that cannot set a header. */
export function lastEventId(request: Request): string | undefined {
  return request.headers.get('Last-Event-ID') ?? new URL(request.url).searchParams.get('last_event_id') ?? undefined;
}

export interface SseOptions {
  pingMs?: number;
  /** Turns a frame into the bytes that are sent; the doors have their own forms. Null: the frame is not sent. */
  encode?: (frame: Frame) => Uint8Array | null | Promise<Uint8Array | null>;
}

/** Pulls a frame only when the last one was taken, so a slow reader costs no memory here. */
export function sseBody(subscription: Subscription, options: SseOptions = {}): ReadableStream<Uint8Array> {
  const { encode = sseChunk } = options;
  const frames = subscription[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Frame>> | undefined;
  let greeted = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        subscription.cut.addEventListener('abort', () => controller.error(subscription.cut.reason));
      },
      async pull(controller) {
        if (!greeted) {
          greeted = true;
          return controller.enqueue(ping);
        }
        for (;;) {
          pending ??= frames.next();
          const next = await orPing(pending, options.pingMs ?? pingMs);
          if (next === 'ping') return controller.enqueue(ping);
          pending = undefined;
          if (next.done) return controller.close();
          const chunk = await encode(next.value);
          if (chunk) return controller.enqueue(chunk);
        }
      },
      cancel: () => subscription.close(),
    },
    { highWaterMark: 0 },
  );
}

async function orPing<T>(pending: Promise<T>, ms: number): Promise<T | 'ping'> {
  let timer: NodeJS.Timeout | undefined;
  const tick = new Promise<'ping'>((resolve) => {
    timer = setTimeout(resolve, ms, 'ping');
  });
  try {
    return await Promise.race([pending, tick]);
  } finally {
    clearTimeout(timer);
  }
}
