// What the chat over a page refuses, and pages that it cannot read: no bad request is a 500, no bad page costs a model call.
import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json } from '../api-stage.ts';
import { html } from '../pages/site.ts';
import { asks, type MessageStage, openMessages, outline } from './message-stage.ts';

let stage: MessageStage;
beforeAll(async () => void (stage = await openMessages()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const said = (role: string, content: unknown) => ({ role, content });

test.each<[string, unknown, number, unknown]>([
  ['no messages', { messages: [] }, 422, ['body', 'messages']],
  ['messages that are none', { messages: 'hello' }, 422, ['body', 'messages']],
  ['nothing', {}, 422, ['body', 'messages']],
  ['a list', [], 422, ['body']],
  ['null', null, 422, ['body']],
  ['a last message of the model', { messages: [said('user', 'x'), said('assistant', 'y')] }, 422, ['body', 'messages']],
  ['a role that nobody has', { messages: [said('boss', 'x')] }, 422, ['body', 'messages', 0, 'role']],
  ['a content that is no text', { messages: [said('user', ['x'])] }, 422, ['body', 'messages', 0, 'content']],
  ['a message without a content', { messages: [{ role: 'user' }] }, 422, ['body', 'messages', 0, 'content']],
  ['a url that is no text', asks('x', { url: 17 }), 422, ['body', 'url']],
  ['overrides that are none', asks('x', { overrides: 'shout' }), 422, ['body', 'overrides']],
  [
    'a prompt that is no text',
    asks('x', { overrides: { start: { prompt: 1 } } }),
    422,
    ['body', 'overrides', 'start', 'prompt'],
  ],
  ['no JSON', '{"messages":', 400, undefined],
  ['nesting without end', `{"messages":${'['.repeat(5000)}`, 400, undefined],
  ['more than 1 MiB', JSON.stringify(asks('x'.repeat(1024 * 1024))), 413, undefined],
])('POST /message with %s is refused', async (_, body, status, loc) => {
  const answer = await stage.post(body);
  expect(answer.status).toBe(status);
  const { type, detail, request_id } = await json(answer);
  expect([typeof type, request_id]).toEqual(['string', answer.headers.get('x-request-id')]);
  if (loc === undefined) expect(detail).toEqual(expect.any(String));
  else expect(detail).toContainEqual({ loc, msg: expect.any(String), type: expect.any(String) });
  expect(stage.world.openai.ledger).toEqual([]);
});

test('a body that is not called JSON is 415, another method 405', async () => {
  const plain = await stage.post(JSON.stringify(asks('x')), { 'content-type': 'text/plain' });
  expect(plain.status).toBe(415);
  expect((await stage.api.ask('PUT', '/message', asks('x'))).status).toBe(405);
  expect((await stage.api.ask('DELETE', `/message/${randomUUID()}`)).status).toBe(405);
});

test('odd text goes through to the model as it is', async () => {
  const odd = ' \ud83e\udda6 \u202e "\\ {message} {docs} <script>\r\n';
  const id = await stage.send(asks(odd, { overrides: { start: { prompt: 'S {message}' } } }));
  expect((await stage.events(id)).at(-1)?.type).toBe('result');
  expect(stage.world.openai.ledger[0]?.asked?.said).toEqual([
    { role: 'system', text: `S ${odd}` },
    { role: 'user', text: odd },
  ]);
});

test('ids that are malformed, unknown, of other workflows or of deleted runs are 404', async () => {
  const poem = await stage.api.start('poem_flow', { sentence_count: 1 });
  const gone = await stage.send(asks('gone'));
  await stage.api.until(gone, ({ status }) => status === 'completed');
  expect((await stage.api.ask('DELETE', `/api/runs/${gone}`)).status).toBe(204);
  for (const id of [
    poem,
    gone,
    randomUUID(),
    'x',
    '%',
    '../x',
    "' OR 1=1",
    '\u0000',
    'é'.repeat(150),
    'x'.repeat(5000),
  ]) {
    const answer = await stage.get(id);
    expect({ id, status: answer.status }).toEqual({ id, status: 404 });
    expect(await json(answer)).toMatchObject({ detail: `Run '${id}' not found`, type: 'run_not_found' });
  }
  expect((await stage.api.ask('GET', '/message/')).status).toBe(404);
  expect((await stage.api.ask('GET', '/message/%ff')).status).toBe(404);
});

describe('a page that cannot be read fails load_docs, and the stream ends there', () => {
  const redirects =
    (left: number): RequestListener =>
    (_, response) =>
      void response.writeHead(302, { location: left === 0 ? '/hops/home' : `/hops/${left - 1}` }).end();

  const fails = async (url: string): Promise<string> => {
    const id = await stage.send(asks('Why?', { url }));
    const events = await stage.events(id);
    expect(outline(events)).toEqual(['start STARTED', 'start COMPLETED', 'load_docs STARTED', 'load_docs FAILED']);
    expect(events.at(-1)?.payload).toEqual({ error: expect.any(String) });
    expect(stage.world.openai.ledger).toEqual([]);
    expect((await stage.api.until(id, () => true)).status).toBe('failed');
    return String(events.at(-1)?.payload?.['error']);
  };

  test.each([
    ['no address at all', 'the docs', /not a URL/],
    ['an empty one', '', /not a URL/],
    ['another scheme', 'ftp://example.com/', /only http and https/],
    ['a file', 'file:///etc/passwd', /only http and https/],
    ['another port', 'http://example.com:6379/', /port 6379/],
    ['this machine', 'http://127.0.0.1/', /not on the public internet/],
    ["the cloud's own service", 'http://169.254.169.254/latest/meta-data/', /not on the public internet/],
  ])('an address that is %s', async (_, url, why) => {
    expect(await fails(url)).toMatch(why);
  });

  test.each<[string, RequestListener, RegExp]>([
    ['that is not there', html('<body>no', {}, 404), /404/],
    ['that is refused', html('<body>no', {}, 403), /403/],
    ['that is no HTML', html('{}', { 'content-type': 'application/json' }), /not an HTML page/],
    ['without a body', html('just text'), /no <body>/],
    ['over 5 MB', html(`<body>${'x'.repeat(5 * 1024 * 1024)}`), /larger than 5 MB/],
    ['behind a sixth redirect', redirects(5), /redirects more than 5 times/],
  ])('a page %s', async (name, answer, why) => {
    for (const left of [0, 1, 2, 3, 4]) stage.answers(`/hops/${left}`, redirects(left));
    stage.answers('/hops/home', html('<body>home</body>'));
    expect(await fails(stage.answers(`/${encodeURIComponent(name)}`, answer))).toMatch(why);
  });

  test('but behind a fifth redirect it is read', async () => {
    stage.answers('/hops/home', html('<body>home</body>'));
    for (const left of [0, 1, 2, 3]) stage.answers(`/hops/${left}`, redirects(left));
    const id = await stage.send(asks('Why?', { url: stage.answers('/hops/4', redirects(4)) }));
    expect((await stage.events(id)).at(-1)?.type).toBe('result');
  });
});

test('a model that says no fails its step, and the stream ends there', async () => {
  stage.world.openai.script({ match: 'following research', fault: { status: 400, message: 'no such thing' } });
  const events = await stage.events(await stage.send(asks('Why?', { url: stage.page('Otters.') })));
  expect(outline(events).slice(-3)).toEqual([
    'reason_docs COMPLETED',
    'generate_response STARTED',
    'generate_response FAILED',
  ]);
  expect(events.at(-1)).toMatchObject({ payload: { error: expect.stringContaining('400') } });
});
