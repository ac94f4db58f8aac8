// The body of an answer that is read after its handler has gone.
import { asking, type Asking } from './caller.ts';

/** Each part is made as a part of the request. Nothing is read before it is asked for. */
export function inRequest(request: Asking, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await asking(request, () => reader.read());
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
