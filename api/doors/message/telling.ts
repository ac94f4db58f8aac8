// Turns a run's events into those of this door: what the steps do, then the result.
import { type Frame, isTerminal } from '../../events/event.ts';
import type { Progress, StepEvent } from './progress.ts';
import type { Results } from './results.ts';

export interface TellingOptions {
  progress: Progress;
  results: Results;
  /** How often the run had been restored or reset when this client came. What that took back it is not told. */
  rewinds: number;
}

/** To be handed every event of the run, from the first one on; gives those of the door. */
export function createTelling({ progress, results, rewinds }: TellingOptions): (frame: Frame) => Promise<StepEvent[]> {
  let ahead = rewinds;

  const tell = async (frame: Frame): Promise<StepEvent[]> => {
    if (frame.type === 'step_started') return progress.begin(frame.data.name);
    if (frame.type === 'step_completed')
      return progress.complete({ name: frame.data.name, result: await results.of(frame) });
    if (frame.type === 'run_rewound') return progress.goBack(await results.kept(frame.data.steps_kept));
    if (frame.type === 'run_completed') return progress.succeed();
    if (frame.type === 'run_cancelled') return progress.cancel();
    if (frame.type === 'run_failed') return progress.fail(frame.data.error);
    return [];
  };

  return async (frame) => {
    if (ahead === 0) return tell(frame);
    if (frame.type === 'run_rewound') return --ahead === 0 ? tell(frame) : [];
    // It ended before it was where it was to go on from.
    if (isTerminal(frame.type)) return [...progress.goBack(await results.kept(Infinity)), ...(await tell(frame))];
    return [];
  };
}
