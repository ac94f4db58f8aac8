// An answer that must have a schema: what is done when it has not.
import { ApplicationFailure } from '@temporalio/workflow';
import type { ModelReply, ModelRequest } from '../../activities/model/model.ts';
import { user } from '../prompt.ts';
import type { Conversation } from '../runtime/conversation.ts';

/** What is wrong with a reply that was to have a schema. The model step has looked; at one that somebody edited, nobody has. */
export const wrongIn = (reply: ModelReply): string | undefined =>
  reply.misfit ?? (isJson(reply.text) ? undefined : 'It is not JSON.');

/** Takes a model step, and another one if its answer does not fit. */
export async function answerOf(
  talk: Conversation,
  name: string,
  output: NonNullable<ModelRequest['output']>,
): Promise<unknown> {
  for (let corrected = false; ; corrected = true) {
    const reply = await talk.reply(name, { output });
    const wrong = wrongIn(reply);
    if (wrong === undefined) return JSON.parse(reply.text);
    if (corrected) throw notFitting(wrong);
    talk.say(user(correction(wrong)));
  }
}

export const correction = (wrong: string): string =>
  `Your answer does not fit the schema: ${wrong}\n\nAnswer again with the whole JSON, corrected, and nothing else.`;

export const notFitting = (wrong: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `The model was asked twice and its answer does not fit the schema. The last time: ${wrong}`,
    'OutputInvalid',
  );

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
