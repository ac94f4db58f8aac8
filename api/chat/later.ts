// The event stream of a run that is still to begin: silent until then, and an end when it never will.
import type { Core } from '../deps.ts';
import { toApiError } from '../envelope.ts';
import { subscribe } from '../events-answer.ts';
import type { Frame } from '../events/event.ts';
import type { Subscription } from '../events/streams.ts';

export function later(deps: Core, run_id: string, begun: (left: AbortSignal) => Promise<void>): Subscription {
  const cut = new AbortController();
  const left = new AbortController();
  let inner: Subscription | undefined;

  async function* frames(): AsyncGenerator<Frame> {
    try {
      await begun(left.signal);
    } catch (error) {
      yield neverBegun(deps, run_id, error);
      return;
    }
    if (left.signal.aborted) return;
    inner = await subscribe(deps, run_id);
    inner.cut.addEventListener('abort', () => cut.abort(inner?.cut.reason));
    if (left.signal.aborted) return inner.close();
    yield* inner;
  }

  return {
    cut: cut.signal,
    close() {
      left.abort();
      inner?.close();
    },
    [Symbol.asyncIterator]: frames,
  };
}

/** There is no run whose event it could be, and no place in it to come back to. */
function neverBegun({ config }: Core, run_id: string, thrown: unknown): Frame {
  const { type, message } = toApiError(thrown, config.showFaults);
  const data = { run_id, error: { type, message } };
  return { id: '', timestamp: new Date().toISOString(), type: 'run_failed', data };
}
