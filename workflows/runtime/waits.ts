// The waits of a run: steps that are answered by a message instead of an activity.
import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { Answer, WaitingFor } from './messages.ts';

export interface Question {
  /** The step's name. */
  name: string;
  question: string;
  kind?: WaitingFor['kind'];
  /** The tool call that is asked about. */
  about?: Pick<WaitingFor, 'tool' | 'tool_call_id' | 'args' | 'on_timeout'>;
  /** What is wrong with an answer, which is then refused; undefined: nothing. */
  objection?: Held['objection'];
}

export type Answered = { kind: 'answered'; value: unknown } | { kind: 'late' };

export interface Held {
  /** What is wrong with an answer; undefined: nothing. */
  objection(value: unknown): string | undefined;
  answered(value: unknown): void;
}

export interface Waits {
  open(): WaitingFor[];
  completed(): number;
  ask(question: Question): Promise<unknown>;
  /** `late`: nobody has answered for so long. */
  askWithin(ms: number, question: Question): Promise<Answered>;
  /** A wait of the runtime's own: told of each answer, and ended by `close`, answered or not. */
  hold(question: Question, held: Held): { close(): void };
  /** Throws ApplicationFailure `NotWaiting` when nothing waits under that id (any more), `InvalidAnswer` for one that it cannot be. */
  check(answer: Answer): void;
  /** The first answer counts; one that nothing waits for is dropped. */
  answer(answer: Answer): void;
}

export function createWaits(changed: () => void): Waits {
  const open = new Map<string, WaitingFor>();
  const answers = new Map<string, unknown>();
  const holds = new Map<string, Held>();
  let asked = 0;
  const begin = ({ name, question, kind = 'question', about, objection }: Question): string => {
    const waiting_id = `${name}-${++asked}`;
    open.set(waiting_id, { waiting_id, name, kind, question, ...about, since: new Date().toISOString() });
    if (objection) holds.set(waiting_id, { objection, answered: () => {} });
    changed();
    return waiting_id;
  };
  const end = (waiting_id: string) => {
    holds.delete(waiting_id);
    if (open.delete(waiting_id)) changed();
  };
  return {
    open: () => [...open.values()],
    completed: () => answers.size,
    async ask(question) {
      const waiting_id = begin(question);
      try {
        await condition(() => answers.has(waiting_id));
        return answers.get(waiting_id);
      } finally {
        end(waiting_id);
      }
    },
    async askWithin(ms, question) {
      const waiting_id = begin(question);
      try {
        const isAnswered = await condition(() => answers.has(waiting_id), ms);
        return isAnswered ? { kind: 'answered', value: answers.get(waiting_id) } : { kind: 'late' };
      } finally {
        end(waiting_id);
      }
    },
    hold(question, held) {
      const waiting_id = begin(question);
      holds.set(waiting_id, held);
      return { close: () => end(waiting_id) };
    },
    check(answer) {
      if (isAnswer(answer) && open.has(answer.waiting_id) && !answers.has(answer.waiting_id)) {
        const objection = holds.get(answer.waiting_id)?.objection(answer.value);
        if (objection === undefined) return;
        throw ApplicationFailure.nonRetryable(objection, 'InvalidAnswer');
      }
      const waiting = [...open.keys()].filter((id) => !answers.has(id)).join(', ') || 'nothing';
      throw ApplicationFailure.nonRetryable(
        `Nothing waits under this waiting_id, or it was answered already. This run waits for: ${waiting}.`,
        'NotWaiting',
      );
    },
    answer(answer) {
      if (!isAnswer(answer) || !open.has(answer.waiting_id) || answers.has(answer.waiting_id)) return;
      const held = holds.get(answer.waiting_id);
      if (held?.objection(answer.value) !== undefined) return;
      answers.set(answer.waiting_id, answer.value);
      held?.answered(answer.value);
    },
  };
}

/** The CLI's signals come unchecked. */
function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'waiting_id' in value && typeof value.waiting_id === 'string';
}
