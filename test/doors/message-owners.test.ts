// The chat over a page where the service asks who is there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../api-stage.ts';
import { authOf, keyOf, type Person } from '../auth-stage.ts';
import { allOf, asks, type MessageStage, openMessages, outline, wholeRag } from './message-stage.ts';

let stage: MessageStage;
beforeAll(async () => void (stage = await openMessages({ auth: authOf() })));
afterAll(() => stage.close());

const as = (person: Person) => ({ authorization: `Bearer ${keyOf(person)}` });
const get = (id: string, headers: Record<string, string> = {}, query = '') =>
  stage.api.ask('GET', `/message/${id}${query}`, undefined, headers);

test("a message is its owner's: to another user it is not there, viewers and admins follow it, and nobody does without a token", async () => {
  expect((await stage.post(asks('Who?'))).status).toBe(401);
  expect((await stage.post(asks('Who?'), as('vic'))).status).toBe(403);
  // What streams tell by its size is read as the one who asked.
  const url = stage.page(`<p>${'otter '.repeat(10_000)}</p>`);
  const { messageId: id } = await json<{ messageId: string }>(await stage.post(asks('Who?', { url }), as('ann')));
  const told = await allOf(await get(id, as('ann')));
  expect(outline(told)).toEqual(wholeRag);
  expect(told[3]?.payload?.['chars']).toBe(59_999);

  for (const person of ['ada', 'vic'] as const) expect(await allOf(await get(id, as(person)))).toEqual(told);
  const foreign = await get(id, as('bob'));
  expect([foreign.status, (await json(foreign)).detail]).toEqual([404, `Run '${id}' not found`]);
  expect((await get(id)).status).toBe(401);
});

test('an EventSource, which can set no header, sends the key in the address', async () => {
  const { messageId: id } = await json<{ messageId: string }>(await stage.post(asks('Who?'), as('ann')));
  expect(await allOf(await get(id, {}, `?access_token=${keyOf('ann')}`))).toHaveLength(3);
  expect((await get(id, {}, '?access_token=wrong')).status).toBe(401);
  expect(stage.api.log.join('')).not.toContain(keyOf('ann'));
});
