// The waits of a run: steps that are answered by a message instead of an activity.
import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { Answer, WaitingFor } from './messages.ts';

export interface Question {
  /** The step's name. */
  name: string;
  question: string;
  kind?: WaitingFor['kind'];
}

export interface Waits {
  open(): WaitingFor[];
  completed(): number;
  ask(question: Question): Promise<unknown>;
  /** Throws ApplicationFailure `NotWaiting` when nothing waits under that id (any more). */
  check(answer: Answer): void;
  /** The first answer counts; one that nothing waits for is dropped. */
  answer(answer: Answer): void;
}

export function createWaits(changed: () => void): Waits {
  const open = new Map<string, WaitingFor>();
  const answers = new Map<string, unknown>();
  let asked = 0;
  return {
    open: () => [...open.values()],
    completed: () => answers.size,
    async ask({ name, question, kind = 'question' }) {
      const waiting_id = `${name}-${++asked}`;
      open.set(waiting_id, { waiting_id, name, kind, question, since: new Date().toISOString() });
      changed();
      try {
        await condition(() => answers.has(waiting_id));
        return answers.get(waiting_id);
      } finally {
        open.delete(waiting_id);
        changed();
      }
    },
    check(answer) {
      if (isAnswer(answer) && open.has(answer.waiting_id) && !answers.has(answer.waiting_id)) return;
      const waiting = [...open.keys()].filter((id) => !answers.has(id)).join(', ') || 'nothing';
      throw ApplicationFailure.nonRetryable(
        `Nothing waits under this waiting_id, or it was answered already. This run waits for: ${waiting}.`,
        'NotWaiting',
      );
    },
    answer(answer) {
      if (!isAnswer(answer) || !open.has(answer.waiting_id) || answers.has(answer.waiting_id)) return;
      answers.set(answer.waiting_id, answer.value);
    },
  };
}

/** The CLI's signals come unchecked. */
function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'waiting_id' in value && typeof value.waiting_id === 'string';
}
