// The SDK internals that the runtime leans on, each behind one function. Written for @temporalio 1.24.0, pinned exactly:
// read this file again at every update of the SDK, and let the tests that fork at every event of every history judge it.
import type { coresdk } from '@temporalio/proto';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';
import { SdkFlags } from '@temporalio/workflow/lib/flags.js';
import { tryUnblockConditions } from '@temporalio/workflow/lib/worker-interface.js';

export type SdkCommand = coresdk.workflow_commands.IWorkflowCommand;
export type SdkJob = coresdk.workflow_activation.IWorkflowActivationJob;
export type InitialJob = coresdk.workflow_activation.IInitializeWorkflow;

/**
 * A fresh sequence number for an activity. `next(input)` must never run twice with one seq: sdk-core would take the
 * second command for the first. 1.24.0: Activator.nextSeqs.activity, as workflow.scheduleActivity takes it.
 */
export function nextActivitySeq(): number {
  return getActivator().nextSeqs.activity++;
}

/** The function that this execution runs, as exported by the catalogue. 1.24.0: Activator.workflow. */
export function workflowFunction(): object | undefined {
  return getActivator().workflow;
}

/** The commands that the code has given since, and that are now ours. 1.24.0: Activator.commands. Answers to updates stay. */
export function takeCommands(): SdkCommand[] {
  const commands = getActivator()['commands'];
  const all = commands.splice(0);
  commands.push(...all.filter(isLiveAnswer));
  return all.filter((command) => !isLiveAnswer(command));
}

const isLiveAnswer = ({ updateResponse }: SdkCommand) =>
  updateResponse != null && !isReplayed(updateResponse.protocolInstanceId);

/** What this activation sends to Temporal. 1.24.0: Activator.commands. */
export function giveCommands(commands: SdkCommand[]): void {
  getActivator()['commands'].push(...commands);
}

/** An update that was answered in another timeline: Temporal knows nothing of it here. */
export const replayedUpdate = (event: number, timeline: string): string => `replayed-${timeline}-${event}`;
export const isReplayed = (protocolInstanceId: string | null | undefined): boolean =>
  protocolInstanceId?.startsWith('replayed-') === true;

/**
 * Hands jobs to the code as the SDK's own worker-interface.activate does: each, then the conditions, with no microtask in
 * between. 1.24.0: the activator's methods are named as the jobs are.
 */
export function handOver(job: (activator: ReturnType<typeof getActivator>) => void): void {
  job(getActivator());
  tryUnblockConditions();
}

/** Whether the code still waits for the answer to a command. 1.24.0: Activator.completions. */
export function isAwaited(
  what: 'timer' | 'activity' | 'childWorkflowStart' | 'childWorkflowComplete',
  seq: number,
): boolean {
  return getActivator().completions[what].has(seq);
}

/** Sequence numbers of what has not been answered. 1.24.0: Activator.completions; updates: Activator.inProgressUpdates. */
export function awaited(): { activities: number[]; children: number[]; others: number; updates: number } {
  const { completions, inProgressUpdates } = getActivator();
  const { activity, childWorkflowComplete, signalWorkflow, cancelWorkflow } = completions;
  return {
    activities: [...activity.keys()],
    children: [...childWorkflowComplete.keys()],
    others: signalWorkflow.size + cancelWorkflow.size,
    updates: inProgressUpdates.size,
  };
}

/**
 * A child that the code knows as started is started once more, under another id: its start is answered a second time, and
 * `answered` is told. 1.24.0: Activator.completions.childWorkflowStart.
 */
export function expectStartAgain(seq: number, answered: () => void): void {
  const { childWorkflowStart, childWorkflowComplete } = getActivator().completions;
  const reject = (error: Error) => {
    answered();
    childWorkflowComplete.get(seq)?.reject(error);
  };
  childWorkflowStart.set(seq, { resolve: answered, reject });
}

/**
 * The code waits no more for the end of a child: whatever is told of it later goes to nobody.
 * 1.24.0: Activator.completions.childWorkflowComplete.
 */
export function giveUpChild(seq: number, error: Error): void {
  const { childWorkflowComplete } = getActivator().completions;
  const waiting = childWorkflowComplete.get(seq);
  if (!waiting) return;
  childWorkflowComplete.set(seq, { ...waiting, resolve: () => {}, reject: () => {} });
  waiting.reject(error);
}

/**
 * Settles when the code has come to rest: every microtask has run and no condition can be unblocked. As the SDK's vm-shared
 * does natively, it leaves the VM until a round has unblocked nothing. 1.24.0: Activator.blockedConditions, looked at in
 * order of their seq after all microtasks have run.
 */
export async function rest(): Promise<void> {
  for (;;) {
    const before = waiting();
    await round();
    if (waiting() === before) return;
  }
}

/** Awaits in a row that lie between an answer and the command it leads to; and that may follow without a further command. */
const ticks = { to: 256, after: 64 };

/**
 * The same for a task that is known to end with commands, without leaving the VM, which takes some 0.4 ms: when they are
 * there, and a good number of awaits later. Where they do not come so soon, it is `rest`. `given`: how many must be there.
 */
export async function restAfter(given: number): Promise<void> {
  const commands = getActivator()['commands'];
  const tick = Promise.resolve();
  const missing = () =>
    commands.length < given || commands.filter(({ updateResponse }) => !updateResponse).length < given;
  do {
    for (let i = 0; i < ticks.to && missing(); i++) await tick;
    for (let i = 0; i < ticks.after; i++) await tick;
  } while (tryUnblockConditions() > 0);
  if (missing()) await rest();
}

/** A condition that was unblocked is gone; a new one has a higher seq. Our own round is in neither. */
function waiting(): string {
  const { blockedConditions, nextSeqs } = getActivator();
  return `${nextSeqs.condition}/${blockedConditions.size}`;
}

function round(): Promise<void> {
  const activator = getActivator();
  return new Promise((resolve) => {
    // Negative: a seq of the code's own would tell that a condition is new.
    activator.blockedConditions.set(-1, { fn: () => true, resolve });
  });
}

/**
 * The code's conditions, looked at by nobody until they are released: natively each is looked at whenever an activation is
 * done, also one that hands the code nothing. 1.24.0: Activator.blockedConditions.
 */
export function holdConditions(): { release(): void } {
  const { blockedConditions } = getActivator();
  const held = [...blockedConditions];
  blockedConditions.clear();
  return {
    release() {
      for (const [seq, condition] of held) blockedConditions.set(seq, condition);
    },
  };
}

/** What the code takes for the time, ms since the epoch. 1.24.0: Activator.now. */
export function setClock(now: number): number {
  const activator = getActivator();
  const before = activator.now;
  activator.now = now;
  return before;
}

/** 1.24.0: Activator.setRandomnessSeed. */
export function setSeed(seed: Iterable<number>): void {
  getActivator()['setRandomnessSeed']([...seed]);
}

/** Of a run's random numbers, before a native reset has given it others: those the SDK sets by itself, ahead of all jobs. */
export const seedIn = ({ randomnessSeed }: InitialJob): number[] => randomnessSeed?.toBytes() ?? [];

/** 1.24.0: Activator.randomnessSeed. */
export const currentSeed = (): number[] => [...getActivator().randomnessSeed];

export interface TaskInfo {
  historyLength: number;
  historySize: number;
  continueAsNewSuggested: boolean;
}

/** The code sees itself replaying, in a task of which `info` is true, until `restore` is called. */
export function setReplaying(info: TaskInfo): void {
  const unsafe = { isReplaying: true, isReplayingHistoryEvents: true };
  getActivator().mutateWorkflowInfo((now) => ({ ...now, ...info, unsafe: { ...now.unsafe, ...unsafe } }));
}

/** The facts of the task that is really worked on; memo and search attributes are the code's own and stay. */
export function keepTask(): { restore(): void } {
  const activator = getActivator();
  const { now } = activator;
  const { historyLength, historySize, continueAsNewSuggested, unsafe } = activator.info;
  return {
    restore() {
      activator.now = now;
      activator.mutateWorkflowInfo((info) => ({ ...info, historyLength, historySize, continueAsNewSuggested, unsafe }));
    },
  };
}

/**
 * Patches that sdk-core has announced for this timeline are unknown to the code while it is served another one's journal,
 * else a native replay would decide differently from the first time. 1.24.0: Activator.knownPresentPatches.
 */
export function hidePatches(served: ReadonlySet<string>): { show(): void } {
  const known = getActivator()['knownPresentPatches'];
  const hidden = [...known].filter((patch) => !served.has(patch));
  for (const patch of hidden) known.delete(patch);
  return {
    show() {
      for (const patch of hidden) known.add(patch);
    },
  };
}

/** While replaying, a flag holds only when it is known already. 1.24.0: Activator.hasFlag learns each that is a default. */
export function learnFlags(): void {
  const activator = getActivator();
  for (const flag of Object.values(SdkFlags)) activator.hasFlag(flag);
}

/** The run gives no more commands. 1.24.0: Activator.completed. */
export function complete(): void {
  getActivator().completed = true;
}

export const isCompleted = (): boolean => getActivator().completed;
