// How a timeline begins: from nothing, or with the journal of another one; and how it hands over to the next.
import { type ActivateInput, type ConcludeActivationInput, type Next, workflowInfo } from '@temporalio/workflow';
import type { WorkflowInternalsInterceptor } from '@temporalio/workflow';
import type { Opening, Splice } from '../../../activities/journal/batch.ts';
import { currentSeed, type InitialJob, isReplayed, learnFlags, type SdkCommand, seedIn } from '../sdk.ts';
import type { Superseded } from '../superseded.ts';
import { toOwnChild } from './child.ts';
import { createInbox } from './inbox.ts';
import { load } from './load.ts';
import { rollOver } from './rollover.ts';

export interface Timeline {
  internals: WorkflowInternalsInterceptor;
  /** Runs the workflow; `begin` is what does so from nothing. */
  run(begin: () => Promise<unknown>): Promise<unknown>;
}

export interface TimelineOptions {
  /** Where the run is to go on instead, when it was asked to. */
  restoring: () => Opening | undefined;
  /** How many steps the run has taken. */
  steps: () => number;
  /** A timeline lives by itself from here: one of the journal's, or this one. */
  spliced: (splice: Splice) => void;
  /** What the code does from here until then is new. */
  suspended: () => void;
  superseded: Superseded;
}

export function createTimeline({ restoring, steps, spliced, suspended, superseded }: TimelineOptions): Timeline {
  const inbox = createInbox();
  let initial: InitialJob | undefined;
  let loading: Opening | undefined;
  /** Of the random numbers, as the last task has left it. */
  let seed: number[] = [];
  let wasReset = false;

  const activate = (input: ActivateInput, next: Next<WorkflowInternalsInterceptor, 'activate'>) => {
    const jobs = input.activation.jobs ?? [];
    const first = jobs.find(({ initializeWorkflow }) => initializeWorkflow != null)?.initializeWorkflow;
    if (first) {
      initial = first;
      loading = openingOf();
      if (loading) learnFlags();
    }
    if (loading) input.activation.jobs = inbox.filter(jobs);
    // Nobody else gives the code other random numbers between two tasks; each time that this is replayed it is so again.
    if (currentSeed().join() !== (first ? seedIn(first) : seed).join()) wasReset = true;
    next(input);
    tellReset();
  };

  const tellReset = () => {
    if (!wasReset || loading) return;
    wasReset = false;
    superseded.reset();
  };

  const conclude = (input: ConcludeActivationInput, next: Next<WorkflowInternalsInterceptor, 'concludeActivation'>) => {
    const ours = next(input).commands.filter((command) => !isOfOthers(command) && !inbox.isToldTwice(command));
    const commands = ours.map(toOwnChild);
    seed = currentSeed();
    const isHeld = loading !== undefined || superseded.pending() !== undefined;
    const last = isHeld || !initial ? undefined : rollOver(commands, initial, { target: restoring(), steps: steps() });
    return { commands: last ?? commands };
  };

  return {
    internals: { activate, concludeActivation: conclude },
    async run(begin) {
      if (!loading) return begin();
      const outcome = await load(loading, begin, { spliced, suspended });
      if (outcome.kind === 'checked') return outcome.report;
      loading = undefined;
      inbox.deliver();
      tellReset();
      return outcome.result;
    },
  };
}

const isOfOthers = ({ updateResponse }: SdkCommand) => isReplayed(updateResponse?.protocolInstanceId);

/** A workflow that continues as new by its own hand hands its memo on: then the opening is not meant for what follows. */
function openingOf(): Opening | undefined {
  const { memo, continuedFromExecutionRunId } = workflowInfo();
  const opening = memo?.['fork'];
  if (!isOpening(opening)) return undefined;
  return continuedFromExecutionRunId === undefined || opening.from === continuedFromExecutionRunId
    ? opening
    : undefined;
}

/** Our own writing: a memo `fork` of another shape is somebody else's. */
function isOpening(value: unknown): value is Opening {
  return typeof value === 'object' && value !== null && 'kind' in value && 'source' in value;
}
