// The commands that the code has given in a journal and that the journal has not answered: what a fork takes over.
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { Opening, OpenChild } from '../../../activities/journal/batch.ts';
import { allowance, childSpent } from '../messages.ts';
import { expectStartAgain, type SdkCommand } from '../sdk.ts';
import { answerCancelled, cancelOf, type Cancelled } from './answers.ts';
import { goOnFrom } from './child.ts';
import { keyOf, type StartKind } from './commands.ts';

interface Open {
  kind: StartKind;
  seq: number;
  command: SdkCommand;
  /** Of a timer: when it fires, in the code's time. */
  due: number;
  /** Of a child: the code knows that it has started. */
  started: boolean;
  /** The code has cancelled it and waits for its end. */
  aborted: boolean;
  /** Temporal has never seen it: it was held back, or is new. */
  unsent: boolean;
  /** Where its command is recorded. */
  record?: string;
}

export interface Taken {
  /** `record`: where it stands in the journal; without one it is new. */
  add(kind: StartKind, seq: number, command: SdkCommand, now: number, record?: string): void;
  /** The seq of a recorded command. */
  seqOf(record: string): number | undefined;
  answered(kind: StartKind, seq: number): void;
  started(seq: number): void;
  /** What the code's cancel of an earlier command means; undefined when there is none under that seq. */
  cancel(kind: StartKind, seq: number): { means: Cancelled | 'unsent'; command: SdkCommand } | undefined;
  /** The commands by which all that is open becomes this timeline's own; what is not to be is told to the code instead. */
  release(now: number, kind: Opening['kind'], children: OpenChild[]): SdkCommand[];
  /** The same, without releasing it. */
  open: () => readonly Pick<Open, 'kind' | 'command' | 'aborted'>[];
}

export const recordOf = (timeline: string, event: number): string => `${timeline}/${event}`;

export function createTaken(): Taken {
  const seqs = new Map<string, number>();
  const open = new Map<string, Open>();

  return {
    add(kind, seq, command, now, record) {
      const due = now + (optionalTsToMs(command.startTimer?.startToFireTimeout) ?? 0);
      const unsent = record === undefined;
      open.set(keyOf(kind, seq), { kind, seq, command, due, started: false, aborted: false, unsent, record });
      if (record !== undefined) seqs.set(record, seq);
    },
    seqOf: (record) => seqs.get(record),
    answered: (kind, seq) => void open.delete(keyOf(kind, seq)),
    started(seq) {
      const child = open.get(keyOf('startChildWorkflowExecution', seq));
      if (child) child.started = true;
    },
    cancel(kind, seq) {
      const entry = open.get(keyOf(kind, seq));
      if (!entry) return undefined;
      const means = entry.unsent ? 'unsent' : cancelOf(entry.command);
      if (means === 'told' && kind !== 'startTimer') entry.aborted = true;
      else open.delete(keyOf(kind, seq));
      return { means, command: entry.command };
    },
    release(now, how, children) {
      const all = [...open.values()];
      open.clear();
      const own = new Set(all.map(({ command }) => command.startChildWorkflowExecution?.workflowId));
      const ends = ({ aborted, command }: Open) => aborted || (how !== 'continue' && isToFamily(command, own));
      const goingOn = all.filter((entry) => !ends(entry));
      const commands = goingOn.map((entry) => again(entry, now, children));
      for (const entry of all) if (ends(entry)) answerCancelled(entry.kind, entry.seq, entry.command);
      return commands;
    },
    open: () => [...open.values()],
  };
}

/** A fork and its children run, whatever they had told each other to do, and begin to count anew. */
function isToFamily({ signalExternalWorkflowExecution: signal }: SdkCommand, own: ReadonlySet<unknown>): boolean {
  if (!signal?.workflowExecution) return false;
  const { signalName: name } = signal;
  return name === allowance.name || name === childSpent.name || own.has(signal.workflowExecution.workflowId);
}

/** A timer has what was left of it at the checkpoint; a child goes on under an id of its own. */
function again({ command, due, started, unsent, record, seq }: Open, now: number, children: OpenChild[]): SdkCommand {
  const { startTimer, startChildWorkflowExecution: child } = command;
  if (startTimer)
    return { ...command, startTimer: { ...startTimer, startToFireTimeout: msToTs(Math.max(1, due - now)) } };
  if (!child || unsent) return command;
  if (started) expectStartAgain(seq);
  const from = children.find(({ timeline, event }) => recordOf(timeline, event) === record);
  return { ...command, startChildWorkflowExecution: goOnFrom(child, from) };
}
