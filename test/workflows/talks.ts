// A conversation of many turns: what the user says is made up here, the answers are the model's.
import { z } from 'zod';
import { user } from '../../workflows/prompt.ts';
import { converse } from '../../workflows/runtime/conversation.ts';

const input = z.object({ topic: z.string(), turns: z.int().min(1), chars: z.int().min(1) });

export async function talks({ topic, turns, chars }: z.infer<typeof input>) {
  const talk = converse();
  for (let turn = 1; turn <= turns; turn++) {
    talk.say(user(`${topic} turn ${turn} `.padEnd(chars, 'x')));
    await talk.reply(`turn_${turn}`);
  }
  return talk.messages.length;
}
talks.input = input;
