// The chat over a page, as its document has it: a message starts a run, its id tells what the steps do.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { json } from '../api-stage.ts';
import { defaultAnswer } from '../openai.ts';
import { allOf, asks, eventsOf, type MessageStage, openMessages, outline, wholeRag } from './message-stage.ts';

let stage: MessageStage;
beforeAll(async () => void (stage = await openMessages()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const asked = () => stage.world.openai.ledger.map(({ asked }) => ({ model: asked?.model, said: asked?.said }));

test('a question about a page: an id at once, then each step as it begins and ends, then the result, then nothing', async () => {
  const url = stage.page('<h1>Workflows</h1><p>A workflow is a function.</p><script>let x</script>');
  stage.world.openai.script({ match: 'most relevant sentences', text: 'A workflow is a function.' });
  stage.world.openai.script({ match: 'following research', text: 'It is a function.' });
  const answer = await stage.post(asks('What is a workflow?', { url }));
  expect(answer.status).toBe(200);
  const started = await json<{ messageId: string }>(answer);
  expect(started).toEqual({ messageId: expect.stringMatching(uuid) });
  const { messageId } = started;

  const followed = await stage.get(messageId);
  expect(followed.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(followed.headers.get('cache-control')).toBe('no-cache');
  const outputs = {
    start: { status: 'reading the page' },
    load_docs: { status: 'making sense of the docs', chars: 37, title: 'The docs' },
    reason_docs: { status: 'writing a response', research: 'A workflow is a function.' },
    generate_response: { completed: 'true', status: 'idle', message: 'It is a function.' },
  };
  const events = await allOf(followed);
  expect(events).toEqual([
    ...Object.entries(outputs).flatMap(([step, payload]) => [
      { type: 'STEP_RUN_EVENT_TYPE_STARTED', payload: null, messageId, step },
      { type: 'STEP_RUN_EVENT_TYPE_COMPLETED', payload, messageId, step },
    ]),
    { type: 'result', payload: outputs, messageId, step: null },
  ]);
  expect(await stage.events(messageId)).toEqual(events);
  const run = await stage.api.until(messageId, ({ status }) => status === 'completed');
  expect(run).toMatchObject({ workflow: 'rag', response_content: 'It is a function.' });
});

test('the model is asked for the sentences that matter, then for the answer with all that was said before', async () => {
  const url = stage.page('<p>Otters</p><p>hold hands.</p>');
  const messages = [
    { role: 'assistant', content: 'How can I help you?', hatchetRunId: 'x' },
    { role: 'user', content: 'Who are you?' },
    { role: 'assistant', content: 'A program.', at: 17 },
    { role: 'user', content: 'What do otters do?', draft: false },
  ];
  const plain = messages.map(({ role, content }) => ({ role, text: content }));
  await stage.events(await stage.send({ messages, url, more: { than: 'asked' } }));
  const [reasoned, responded, ...rest] = asked();
  expect(rest).toEqual([]);
  expect(reasoned?.said).toEqual([
    {
      role: 'system',
      text: expect.stringMatching(/What do otters do\?[^]*most relevant sentences[^]*Otters \| hold hands\./),
    },
    plain.at(-1),
  ]);
  const research = defaultAnswer('What do otters do?');
  expect(responded?.said).toEqual([{ role: 'system', text: expect.stringContaining(research) }, ...plain]);
});

test('without a page one step answers, and tells its text twice', async () => {
  stage.world.openai.script({ text: 'I am a program.' });
  const messageId = await stage.send(asks('Who are you?'));
  const payload = { answer: 'I am a program.', message: 'I am a program.' };
  expect(await stage.events(messageId)).toEqual([
    { type: 'STEP_RUN_EVENT_TYPE_STARTED', payload: null, messageId, step: 'start' },
    { type: 'STEP_RUN_EVENT_TYPE_COMPLETED', payload, messageId, step: 'start' },
    { type: 'result', payload: { start: payload }, messageId, step: null },
  ]);
  expect(asked().map(({ said }) => said)).toEqual([
    [
      { role: 'system', text: 'The user is asking the following question: Who are you?' },
      { role: 'user', text: 'Who are you?' },
    ],
  ]);
});

test('a request may bring other prompts and models, step by step; other braces than the three stay', async () => {
  const url = stage.page('Otters {research} hold hands.');
  stage.world.openai.script({ match: 'FIND', text: 'They hold {message}.' });
  const overrides = {
    reason_docs: { prompt: 'FIND {message} IN {docs}', model: 'gpt-4o' },
    generate_response: { prompt: 'ANSWER {message} FROM {research} IN {docs} {constructor} {x}' },
    no_such_step: { prompt: 'x' },
  };
  expect(outline(await stage.events(await stage.send(asks('Why?', { url, overrides }))))).toEqual(wholeRag);
  const overridden = { start: { prompt: 'SAY {message}', model: 'gpt-4.1' } };
  await stage.events(await stage.send(asks('Hello', { overrides: overridden })));
  expect(asked().map(({ model, said }) => [model, said?.[0]?.text])).toEqual([
    ['gpt-4o', 'FIND Why? IN Otters {research} hold hands.'],
    ['gpt-4o-mini', 'ANSWER Why? FROM They hold {message}. IN Otters {research} hold hands. {constructor} {x}'],
    ['gpt-4.1', 'SAY Hello'],
  ]);
});

test('whoever comes late, again or beside others is told everything from the beginning', async () => {
  const url = stage.page('Otters hold hands.');
  stage.world.openai.script({ match: 'most relevant', tokens: 30, tokenMs: 20 });
  const id = await stage.send(asks('all of you', { url }));
  const early = [stage.events(id), stage.events(id), stage.events(id)];
  const first = await eventsOf(await stage.get(id)).next();
  expect(first.value).toMatchObject({ type: 'STEP_RUN_EVENT_TYPE_STARTED', step: 'start' });
  await stage.world.openai.until(() => stage.world.openai.matching('most relevant').some(({ tokens }) => tokens > 3));
  const late = stage.events(id);
  const told = await Promise.all([...early, late]);
  told.push(await stage.events(id));
  expect(outline(told[0] ?? [])).toEqual(wholeRag);
  for (const events of told) expect(events).toEqual(told[0]);
  expect(stage.world.openai.ledger).toHaveLength(2);
});

test('who asks for the head of a stream alone follows nothing afterwards', async () => {
  stage.world.openai.script({ match: 'at length', tokens: 400, tokenMs: 30 });
  const before = stage.api.deps.streams.viewers();
  const id = await stage.send(asks('at length'));
  for (const path of [`/message/${id}`, `/api/runs/${id}/events`]) {
    const answer = await stage.api.ask('HEAD', path, undefined, { accept: 'text/event-stream' });
    expect([path, answer.status, await answer.text()]).toEqual([path, 200, '']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  }
  expect(stage.api.deps.streams.viewers()).toBeLessThanOrEqual(before);
  expect((await stage.api.ask('POST', `/api/runs/${id}/cancel`)).status).toBe(200);
});

test('of a page whose text is too large for streams the size and the title are told, and of an answer the whole text', async () => {
  const url = stage.page(`<p>${'otter '.repeat(20_000)}</p>`);
  const long = 'hand '.repeat(10_000);
  // As often as it is asked: a busy machine may take a long answer for a stalled one.
  stage.world.openai.script({ match: 'following research', text: long, times: Infinity });
  const id = await stage.send(asks('How many?', { url }));
  const [live, late] = [await stage.events(id), await stage.events(id)];
  expect(live).toEqual(late);
  expect(live.find(({ step, payload }) => step === 'load_docs' && payload)?.payload).toEqual({
    status: 'making sense of the docs',
    chars: 119_999,
    title: 'The docs',
  });
  expect(live.at(-1)?.payload).toMatchObject({ generate_response: { message: long } });
});

test('a message is taken while nobody works, and its run goes on when somebody does', async () => {
  await stage.world.dismiss();
  const id = await stage.send(asks('is anybody there?'));
  const events = stage.events(id);
  expect((await stage.api.until(id, () => true)).status).toBe('queued');
  expect(stage.world.openai.ledger).toEqual([]);
  await stage.world.hire();
  expect(outline(await events)).toEqual(['start STARTED', 'start COMPLETED', 'result']);
  expect(stage.world.openai.ledger).toHaveLength(1);
});

test("a page of the configured origin may post and follow with credentials, another page's browser is told nothing", async () => {
  const origin = 'http://localhost:3000';
  const ours = { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' };
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };
  const allowed = await stage.api.ask('OPTIONS', '/message', undefined, preflight);
  expect([allowed.status, Object.fromEntries(allowed.headers)]).toEqual([204, expect.objectContaining(ours)]);
  expect(allowed.headers.get('access-control-allow-headers')).toMatch(/content-type/i);

  const posted = await stage.post(asks('from a page'), { origin });
  expect([posted.status, Object.fromEntries(posted.headers)]).toEqual([200, expect.objectContaining(ours)]);
  const { messageId } = await json<{ messageId: string }>(posted);
  const followed = await stage.api.ask('GET', `/message/${messageId}`, undefined, { origin });
  expect(Object.fromEntries(followed.headers)).toMatchObject(ours);
  expect(await allOf(followed)).toHaveLength(3);

  const elsewhere = { origin: 'https://evil.example' };
  expect((await stage.post(asks('from elsewhere'), elsewhere)).status).toBe(403);
  const read = await stage.api.ask('GET', `/message/${messageId}`, undefined, elsewhere);
  expect(read.headers.get('access-control-allow-origin')).toBeNull();
  await read.body?.cancel();
});
