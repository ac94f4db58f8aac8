// When steps have begun, by their own word. A line on the service's standard output disturbs less than a viewer of the run's
// events would: that reads the very history whose reading is measured.
import { z } from 'zod';

export interface Beginnings {
  /** When the next such step of the run began, in the time of clock.ts. One measure at a time may ask. */
  next(run: string): Promise<number>;
}

const beginning = z.object({ run: z.string(), at: z.number() });

export function beginningsOf(lines: AsyncIterator<string>): Beginnings {
  return {
    async next(run) {
      for (;;) {
        const line = await lines.next();
        if (line.done) throw new Error(`The service has ended; run ${run} has not begun its step.`);
        const told = beginning.parse(JSON.parse(line.value));
        if (told.run === run) return told.at;
      }
    },
  };
}
