// What was said between a run and the model, put together from its steps.
import { expect, test } from 'vitest';
import type { Message } from '../activities/model/model.ts';
import { createTalk } from '../api/events/talk.ts';
import type { Turn } from '../api/events/turns.ts';

const unopened = () => Promise.reject(new Error('nothing is stored'));
const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });
const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } } as const;

const turn = (request: unknown, text: string, tool_calls: Turn['answered']['tool_calls'] = []): Turn => ({
  asked: { state: 'value', value: request, bytes: 1 },
  answered: { text, tool_calls, model: 'fake' },
});

async function talk(...turns: Turn[]) {
  const talk = createTalk(unopened);
  for (const one of turns) await talk.add(one);
  return talk;
}

test('what a step sends along of what was said before is told once', async () => {
  const first = [user('one')];
  const again = [...first, assistant('1'), user('two')];
  const { messages } = await talk(turn({ messages: first }, '1'), turn({ messages: again }, '2'));
  expect(messages).toEqual([...again, assistant('2')]);
  const other = await talk(turn({ messages: first }, '1'), turn({ messages: first }, '2'));
  expect(other.messages).toEqual([...first, assistant('1'), ...first, assistant('2')]);
});

test('calls of tools and their results are told as they were said', async () => {
  const result: Message = { role: 'tool', content: 'seen', tool_call_id: 'c1' };
  const { messages, config } = await talk(
    turn({ model: 'm', messages: [{ role: 'system', content: 'Look.' }, user('?')], tools: [{ name: 'look' }] }, '', [
      call,
    ]),
    turn({ before: 'ref', messages: [result], temperature: 0.5 }, 'done'),
  );
  expect(messages.slice(2)).toEqual([{ ...assistant(''), tool_calls: [call] }, result, assistant('done')]);
  expect(config).toEqual({ model: 'fake', system_prompt: 'Look.', tools: [], config: { temperature: 0.5 } });
});

test('of a question that is not known, or none of ours, its answer is told', async () => {
  const unknown: Turn = { asked: undefined, answered: { text: '1', tool_calls: [], model: undefined } };
  const { messages, config } = await talk(unknown, turn('anything', '2'));
  expect([messages, config]).toEqual([[assistant('1'), assistant('2')], null]);
});
