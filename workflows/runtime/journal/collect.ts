// Collects what the code does in one task: it is done when the code is at rest and nothing more is answered at once.
import { rest, type SdkCommand, takeCommands } from '../sdk.ts';
import { answerCancelled } from './answers.ts';
import { read, type Read } from './commands.ts';
import type { Diverge } from './divergence.ts';
import type { Taken } from './taken.ts';

type Cancel = Extract<Read, { is: 'cancel' }>;

/** Adds to `given`, in order; what is cancelled in the task that gave it leaves no trace, natively as here. */
export async function collect(given: SdkCommand[], taken: Taken, diverge: Diverge): Promise<void> {
  for (;;) {
    await rest();
    const answers: (() => void)[] = [];
    for (const command of takeCommands()) {
      const is = read(command);
      if (is.is === 'unsupported') diverge(`The code did ${is.name}, which cannot be replayed.`);
      if (is.is === 'cancel') answers.push(...cancel(is, command, given, taken));
      else if (is.is !== 'answer') given.push(command);
    }
    if (answers.length === 0) return;
    for (const answer of answers) answer();
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
