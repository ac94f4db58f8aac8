// Collects what the code does in one task: it is done when the code is at rest and nothing more is answered at once.
import { rest, restAfter, type SdkCommand, takeCommands } from '../sdk.ts';
import { answerCancelled } from './answers.ts';
import { read, type Read } from './commands.ts';
import type { Diverge } from './divergence.ts';
import type { Taken } from './taken.ts';

type Cancel = Extract<Read, { is: 'cancel' }>;

/**
 * Adds to `given`, in order; what is cancelled in the task that gave it leaves no trace, natively as here. `recorded`: how
 * many commands the journal has. A task without any leaves open when the code is done: it is waited for exactly.
 */
export async function collect(given: SdkCommand[], recorded: number, taken: Taken, diverge: Diverge): Promise<void> {
  for (let exactly = false; ;) {
    const missing = recorded - given.length;
    exactly ||= missing <= 0;
    await (exactly ? rest() : restAfter(missing));
    const answers: (() => void)[] = [];
    for (const command of takeCommands()) {
      const is = read(command);
      if (is.is === 'unsupported') diverge(`The code did ${is.name}, which cannot be replayed.`);
      if (is.is === 'cancel') answers.push(...cancel(is, command, given, taken));
      else if (is.is !== 'answer') given.push(command);
    }
    for (const answer of answers) answer();
    if (answers.length > 0) continue;
    if (exactly || given.length >= recorded) return;
    // What came cancelled itself out: the commands that are recorded come later.
    exactly = true;
  }
}

function cancel({ kind, of, seq }: Cancel, command: SdkCommand, given: SdkCommand[], taken: Taken): (() => void)[] {
  const own = given.findIndex((earlier) => {
    const is = read(earlier);
    return is.is === 'start' && is.kind === of && is.seq === seq;
  });
  if (own >= 0) return given.splice(own, 1).map((start) => () => answerCancelled(of, seq, start));
  const cancelled = taken.cancel(of, seq);
  if (cancelled?.means === 'unsent') return [() => answerCancelled(of, seq, cancelled.command)];
  if (kind !== 'nothing' && cancelled?.means !== 'answered') given.push(command);
  const answered = cancelled?.means === 'answered' || cancelled?.means === 'answered, sent';
  return answered ? [() => answerCancelled(of, seq, cancelled.command)] : [];
}
