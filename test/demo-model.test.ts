// The built-in demo model answers over the wire of a real one, the same each time.
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoAnswer } from '../activities/model/demo-answer.ts';
import { startDemoModel, type DemoModel } from '../activities/model/demo.ts';
import { continued } from '../activities/model/question.ts';
import { tools as shipped, toolNamed } from '../activities/tools/index.ts';

let demo: DemoModel;
let client: OpenAI;
beforeAll(async () => {
  demo = await startDemoModel({ tokenMs: 1 });
  client = new OpenAI({ baseURL: demo.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => demo.close());

type Turn = { role: 'system' | 'user' | 'assistant'; content: string };
const tools = [
  {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
  { name: 'add_numbers', description: 'Sums', parameters: { type: 'object', properties: { a: { type: 'integer' } } } },
];

/** One answer by each protocol, reduced to what must be the same. */
const ask = {
  async responses(
    messages: Turn[],
    options: { tools?: boolean; schema?: Record<string, unknown>; most?: number } = {},
  ) {
    const stream = await client.responses.create({
      model: 'gpt-4o-mini',
      input: messages,
      stream: true,
      ...(options.tools && { tools: tools.map((tool) => ({ type: 'function' as const, strict: false, ...tool })) }),
      ...(options.schema && { text: { format: { type: 'json_schema' as const, name: 'x', schema: options.schema } } }),
      ...(options.most && { max_output_tokens: options.most }),
    });
    let text = '';
    let deltas = 0;
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') {
        text += event.delta;
        deltas += 1;
      }
      if (event.type === 'response.completed' || event.type === 'response.incomplete') {
        const { response } = event;
        const calls = response.output.flatMap((item) =>
          item.type === 'function_call' ? [{ name: item.name, arguments: item.arguments }] : [],
        );
        const { input_tokens: input = 0, output_tokens: output = 0 } = response.usage ?? {};
        return { text, deltas, calls, cut: response.status === 'incomplete', model: response.model, input, output };
      }
    }
    throw new Error('No end.');
  },
  async chat(messages: Turn[], options: { tools?: boolean; schema?: Record<string, unknown>; most?: number } = {}) {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o-mini',
      messages,
      stream: true,
      stream_options: { include_usage: true },
      ...(options.tools && { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
      ...(options.schema && {
        response_format: { type: 'json_schema' as const, json_schema: { name: 'x', schema: options.schema } },
      }),
      ...(options.most && { max_tokens: options.most }),
    });
    const said = { text: '', deltas: 0, model: '', cut: false, input: 0, output: 0 };
    const call = { name: '', arguments: '' };
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      said.model = chunk.model;
      if (choice?.delta.content) {
        said.text += choice.delta.content;
        said.deltas += 1;
      }
      for (const part of choice?.delta.tool_calls ?? []) {
        call.name += part.function?.name ?? '';
        call.arguments += part.function?.arguments ?? '';
      }
      said.cut ||= choice?.finish_reason === 'length';
      said.input = chunk.usage?.prompt_tokens ?? said.input;
      said.output = chunk.usage?.completion_tokens ?? said.output;
    }
    return { ...said, calls: call.name === '' ? [] : [call] };
  },
};

const page =
  'Home | About | The blue whale is the largest animal that has ever lived. | Its tongue alone weighs as much as an elephant. | Cookies help us. | Whales sing.';

describe.each(['responses', 'chat'] as const)('over %s', (protocol) => {
  const answer = ask[protocol];

  test('it says what it is, token by token, and counts them', async () => {
    const said = await answer([{ role: 'user', content: 'What is love?' }]);
    expect(said.text).toMatch(/Waymark's built-in demo model/);
    expect(said.text).toContain('What is love?');
    expect(said.text).toContain('OPENAI_API_KEY');
    expect(said.model).toBe('waymark-demo');
    expect(said.deltas).toBeGreaterThan(10);
    expect(said).toMatchObject({ input: 4, output: said.deltas, cut: false, calls: [] });
    expect(await answer([{ role: 'user', content: 'What is love?' }])).toEqual(said);
  });

  test('it finds the sentences of a page that the question is about', async () => {
    const { text } = await answer([
      {
        role: 'system',
        content: `The user is asking: Which animal is the largest?\n\nWhat are the most relevant sentences in the following document?\n\n${page}`,
      },
      { role: 'user', content: 'Which animal is the largest?' },
    ]);
    expect(text).toBe('The blue whale is the largest animal that has ever lived.');
  });

  test('it answers from the research it is given', async () => {
    const { text } = await answer([
      {
        role: 'system',
        content:
          'You are a helpful assistant. Answer the question of the user: How heavy is the tongue?\n\nUse the following research as context:\n\nIts tongue alone weighs as much as an elephant.',
      },
      { role: 'user', content: 'How heavy is the tongue?' },
    ]);
    expect(text).toContain('From what I was given: Its tongue alone weighs as much as an elephant.');
    expect(text).toContain('demo model');
  });

  test.each([1, 2, 5, 10])('a poem asked for in %i sentences has exactly as many', async (count) => {
    const content = `Write a poem about how AI is awesome. It must have exactly ${count} sentence${count === 1 ? '' : 's'}.`;
    const { text } = await answer([{ role: 'user', content }]);
    expect(text.match(/[^.!?]+[.!?](\s|$)/g)).toHaveLength(count);
    expect(text).toContain("Waymark's demo model");
  });

  test('it calls the tool that the question names, with arguments from the question', async () => {
    const said = await answer([{ role: 'user', content: 'How is the weather in "Oslo"?' }], { tools: true });
    expect(said.calls).toEqual([{ name: 'get_weather', arguments: '{"city":"Oslo"}' }]);
    expect(said.text).toBe('');
    const other = await answer([{ role: 'user', content: 'Add 41 please' }], { tools: true });
    expect(other.calls).toEqual([{ name: 'add_numbers', arguments: '{"a":41}' }]);
  });

  test('it calls no tool that the question does not name', async () => {
    const said = await answer([{ role: 'user', content: 'Who are you?' }], { tools: true });
    expect(said.calls).toEqual([]);
  });

  test('JSON of a schema is of that schema', async () => {
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string' },
        size: { type: 'integer', minimum: 10 },
        tags: { type: 'array', items: { enum: ['red', 'blue'] }, minItems: 2 },
      },
    };
    const { text } = await answer([{ role: 'user', content: 'A blue "Car" of 12' }], { schema });
    expect(JSON.parse(text)).toEqual({ title: 'Car', size: 12, tags: ['blue', 'blue'] });
  });

  test('it stops at the most tokens it may say', async () => {
    const said = await answer([{ role: 'user', content: 'What is love?' }], { most: 4 });
    expect(said).toMatchObject({ deltas: 4, output: 4, cut: true });
  });

  test('a cut answer is gone on with where it stopped', async () => {
    const whole = await answer([{ role: 'user', content: 'What is love?' }]);
    const [half, rest] = [whole.text.slice(0, 40), whole.text.slice(40)];
    const turns = continued([{ role: 'user', content: 'What is love?' }], half).map(({ role, content }) => ({
      role: role === 'assistant' ? ('assistant' as const) : ('user' as const),
      content,
    }));
    expect((await answer(turns)).text).toBe(rest);
  });
});

test('after the tool has answered it says what the tool says', async () => {
  const { choices } = await client.chat.completions.create({
    model: 'x',
    messages: [
      { role: 'user', content: 'How is the weather in Oslo?' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'Snow, minus 4' },
    ],
    tools: tools.map((tool) => ({ type: 'function' as const, function: tool })),
  });
  expect(choices[0]?.message.content).toContain('The tool says: Snow, minus 4');
  expect(choices[0]?.message.tool_calls).toBeUndefined();
});

test('what is not of the protocol is 400, another route 404', async () => {
  await expect(client.post('/responses', { body: { model: 'x' } })).rejects.toMatchObject({ status: 400 });
  await expect(client.post('/embeddings', { body: {} })).rejects.toMatchObject({ status: 404 });
});

describe('of the shipped tools it calls', () => {
  const offered = (...names: string[]) => shipped.filter(({ name }) => names.includes(name));
  const asked = (question: string, ...names: string[]) => ({
    protocol: 'responses' as const,
    model: 'm',
    said: [{ role: 'user', text: question }],
    tools: offered(...names),
    stream: true,
    background: false,
    include_usage: true,
  });
  const support = ['search_knowledge', 'create_ticket', 'send_email'];
  test.each([
    ['How do I get a refund?', support, 'search_knowledge', { query: 'How do I get a refund?' }],
    ['Open a ticket: "my parcel is wet"', support, 'create_ticket', { title: 'my parcel is wet' }],
    ['Send an email to ada@example.com', support, 'send_email', { to: 'ada@example.com' }],
    ['How much is 12 * (3 + 4)?', ['calculate', 'fetch_page'], 'calculate', { expression: '12 * (3 + 4)' }],
    ['What is 17 × 23?', ['search_knowledge', 'calculate'], 'calculate', { expression: '17 * 23' }],
    [
      'What is on https://example.com/a-1?',
      ['calculate', 'fetch_page'],
      'fetch_page',
      { url: 'https://example.com/a-1' },
    ],
    ['Research Lamps', ['report_activity'], 'report_activity', {}],
  ])('%s', (question, names, name, args) => {
    const { calls } = demoAnswer(asked(question, ...names));
    expect(calls).toMatchObject([{ name, arguments: args }]);
    expect(toolNamed(name)?.read(calls[0]?.arguments)).not.toHaveProperty('message');
  });

  test('none for a greeting', () => {
    expect(demoAnswer(asked('Good morning!', ...support)).calls).toEqual([]);
  });
});
