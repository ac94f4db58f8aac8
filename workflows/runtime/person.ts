// How a workflow asks a person: const tone = await askPerson({ name: 'tone', question: 'Which tone?' }).
import { currentRun } from './run.ts';
import type { Answered, Question } from './waits.ts';

/**
 * Waits for the answer, for days if need be: a step of the run, answered by `POST /api/runs/{id}/answer` or by the
 * Update or the signal `answer`. The value comes unchecked: it is whatever was sent.
 */
export function askPerson(question: Question): Promise<unknown> {
  return currentRun().waits.ask(question);
}

/** The same, for so many ms at most. */
export function askWithin(ms: number, question: Question): Promise<Answered> {
  return currentRun().waits.askWithin(ms, question);
}
