// An answer that must have a schema: what is said when it has not.
import { ApplicationFailure } from '@temporalio/workflow';

/** By itself it fits: the model step has looked. Of an answer that somebody edited, nobody has. */
export function asJson(text: string): { value?: unknown; error?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { error: 'It is not JSON.' };
  }
}

export const correction = (wrong: string): string =>
  `Your answer does not fit the schema: ${wrong}\n\nAnswer again with the whole JSON, corrected, and nothing else.`;

export const notFitting = (wrong: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `The model was asked twice and its answer does not fit the schema. The last time: ${wrong}`,
    'OutputInvalid',
  );
