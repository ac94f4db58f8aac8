// The commands that the code has given in a journal and that the journal has not answered: what a fork takes over.
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';
import { patched } from '@temporalio/workflow';
import type { Opening, OpenChild } from '../../../activities/journal/batch.ts';
import { expectStartAgain, giveCommands, handOver, type SdkCommand } from '../sdk.ts';
import { answerCancelled, cancelOf, type Cancelled } from './answers.ts';
import { comingOf, expectChild, goOnFrom, signalled, type Start } from './child.ts';
import { keyOf, type StartKind } from './commands.ts';
import { heardAlready, isToFamily } from './signals.ts';

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
      const sent = all.filter(({ unsent }) => !unsent).map(({ command }) => command);
      const heard = heardAlready(sent, children);
      const own = all.map(({ command }) => command);
      const cut = new Set(all.filter((each) => each.aborted || (how !== 'continue' && isToFamily(each.command, own))));
      const goingOn = all.filter((entry) => !cut.has(entry) && !heard.has(entry.command));
      const commands = goingOn.flatMap((entry) => again(entry, now, children));
      for (const entry of all) {
        if (cut.has(entry)) answerCancelled(entry.kind, entry.seq, entry.command);
        else if (heard.has(entry.command)) handOver((code) => code.resolveSignalExternalWorkflow({ seq: entry.seq }));
      }
      return commands;
    },
    open: () => [...open.values()],
  };
}

/**
 * A timer has what was left of it at the checkpoint; a child goes on under an id of its own, and is signalled when it has
 * begun: Temporal does not keep the order of the two, and there would be nobody yet.
 */
function again(entry: Open, now: number, children: OpenChild[]): SdkCommand[] {
  const { command, due } = entry;
  const { startTimer, startChildWorkflowExecution: child } = command;
  if (startTimer)
    return [{ ...command, startTimer: { ...startTimer, startToFireTimeout: msToTs(Math.max(1, due - now)) } }];
  if (child && !entry.unsent) return [childAgain(entry, child, children)];
  const coming = comingOf(signalled(command) ?? '');
  if (!coming || !patched('runtime/3')) return [command];
  void coming.then(() => giveCommands([command]));
  return [];
}

function childAgain({ command, started, record, seq }: Open, child: Start, children: OpenChild[]): SdkCommand {
  const from = children.find(({ timeline, event }) => recordOf(timeline, event) === record);
  const own = goOnFrom(child, from);
  if (started) expectStartAgain(seq, expectChild(own.workflowId));
  return { ...command, startChildWorkflowExecution: own };
}
