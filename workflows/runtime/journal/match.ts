// Matches what the code did in one task with what the journal says it did: by order, kind and name. Arguments may differ.
import type { Batch, Command } from '../../../activities/journal/batch.ts';
import type { SdkCommand } from '../sdk.ts';
import { read, type Read } from './commands.ts';
import type { Diverge } from './divergence.ts';
import type { Upserts } from './shown.ts';
import { recordOf, type Taken } from './taken.ts';

export interface Matching {
  batch: Batch;
  given: SdkCommand[];
  taken: Taken;
  upserts: Upserts;
  diverge: Diverge;
}

export function match({ batch, given, taken, upserts, diverge }: Matching): void {
  const { at, commands, open, continued, time } = batch;
  let next = 0;
  for (const command of given) {
    const did = read(command);
    const recorded = commands[next];
    if (did.is === 'upsert') upserts.add(command);
    if (recorded && fits(recorded, did, at.timeline, taken)) {
      next++;
      if (did.is === 'start') taken.add(did.kind, did.seq, command, time, recordOf(at.timeline, recorded.event));
    } else if (open || (continued && did.is === 'start')) {
      // New, or held back because the timeline was about to end.
      if (did.is === 'start') taken.add(did.kind, did.seq, command, time);
    } else if (did.is !== 'patch') {
      diverge(
        `After event ${batch.event} the code did ${wordsOf(did)}, the journal has ${recorded ? wordsOf(recorded) : 'nothing'}.`,
      );
    }
  }
  const left = commands[next];
  if (left) diverge(`After event ${batch.event} the code did not do ${wordsOf(left)}, which the journal has.`);
}

function fits(recorded: Command, did: Read, timeline: string, taken: Taken): boolean {
  if (did.is === 'answer' || did.is === 'unsupported' || did.kind !== recorded.kind) return false;
  if (did.is === 'start') return recorded.name === undefined || recorded.name === did.name;
  if (did.is !== 'cancel' || did.of === 'startChildWorkflowExecution') return true;
  return taken.seqOf(recordOf(timeline, recorded.event)) === did.seq;
}

function wordsOf(command: Command | Read): string {
  const kind = 'kind' in command ? command.kind : 'nothing';
  const name = 'name' in command ? command.name : undefined;
  return name === undefined ? kind : `${kind} ${name}`;
}
