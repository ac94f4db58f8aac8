// What a client hears of a run.
import type { StreamEvent } from '../api/events/event.ts';

/** An event of the run. `id` is the place to go on from. New types may come: ignore what you do not know. */
export type RunEvent = StreamEvent & { id: string };

/** The service no longer has the place where the connection broke: everything is told again from the beginning. */
export interface Restarted {
  type: 'restarted';
  data: { run_id: string };
}

export type ClientEvent = RunEvent | Restarted;
