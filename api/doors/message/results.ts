// The results of a run's steps, whole: streams and views tell those over 32 KiB by their size.
import { unlessAbsent } from '../../absent.ts';
import { longRead } from '../../deadline.ts';
import type { Core } from '../../deps.ts';
import type { Frame } from '../../events/event.ts';
import type { RunView, StepView } from '../../events/view.ts';
import { checkpointId } from '../../runs/checkpoint-id.ts';
import { readCheckpoint } from '../../runs/checkpoints.ts';
import { viewOf } from '../../runs/read.ts';

export interface Done {
  name: string;
  /** Undefined: lost, or left behind by a restore in this very moment. */
  result: unknown;
}

export interface Results {
  /** Of the step that this event tells the completion of. */
  of(frame: Completion): Promise<unknown>;
  /** Of the steps that the run keeps now, in order; `most`: how many steps at most. */
  kept(most: number): Promise<Done[]>;
}

export type Completion = Extract<Frame, { type: 'step_completed' }>;

/** Viewers at the same place are sent the same frame: what it stands for is read once for all of them. */
const readings = new WeakMap<Frame, Promise<unknown>>();

export function createResults(deps: Core, run: string): Results {
  const view = (): Promise<RunView> => longRead(deps, () => viewOf(deps, run));

  const wholeOf = async ({ result, result_bytes, problem, checkpoint }: StepView): Promise<unknown> => {
    if (result_bytes === undefined || problem !== undefined || !checkpoint) return result;
    const at = await unlessAbsent(readCheckpoint(deps, checkpointId({ run, ...checkpoint })));
    return at?.step?.result;
  };

  const readOf = async ({ data }: Completion): Promise<unknown> => {
    const { steps } = await view();
    const found = steps.find(({ step, round, step_num }) => step === data.step && round === data.round && step_num);
    return found && wholeOf(found);
  };

  return {
    of(frame) {
      const { result, result_bytes, problem } = frame.data;
      if (result_bytes === undefined || problem !== undefined) return Promise.resolve(result);
      const reading = readings.get(frame) ?? readOf(frame);
      readings.set(frame, reading);
      // Whoever comes next tries again.
      reading.catch(() => readings.delete(frame));
      return reading;
    },
    async kept(most) {
      const { steps } = await view();
      const kept = steps.filter(({ step_num }) => step_num !== null && step_num <= most);
      return Promise.all(kept.map(async (step) => ({ name: step.name, result: await wholeOf(step) })));
    },
  };
}
