// What belongs to one user is not there for another: in every route and door, and in no list, count or figure.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { z } from 'zod';
import { WebSocket, WebSocketServer } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentDefinition } from '../workflows/definition.ts';
import type { RunAnswer, RunRow } from '../api/runs/shape.ts';
import { addAgent } from '../api/agents/definitions.ts';
import { checkpointId } from '../api/runs/checkpoint-id.ts';
import type { SessionAnswer } from './chat-stage.ts';
import { unique } from './chat-stage.ts';
import { catalogue, json } from './api-stage.ts';
import { type AuthStage, keyOf, openAuthStage, type Person } from './auth-stage.ts';
import { openWorld, type World } from './world.ts';

interface List<T> {
  total: number;
  items: T[];
}

let world: World;
let api: AuthStage;

/** One that came with the program. */
const shipped = unique('shipped');

const kinds = ['run', 'research', 'response', 'checkpoint', 'session', 'agent', 'task'] as const;
type Kind = (typeof kinds)[number];

/** What Ann has: one of each. */
const hers: Record<Kind, string> = {
  run: '',
  research: '',
  response: '',
  checkpoint: '',
  session: unique('talk'),
  agent: unique('ann'),
  task: randomUUID(),
};

/** Ids like hers of what nobody has. */
const nobodys: Record<Kind, string> = {
  run: randomUUID(),
  research: randomUUID(),
  response: `resp_${randomUUID()}`,
  checkpoint: checkpointId({ run: randomUUID(), timeline: randomUUID(), event: 10 }),
  session: unique('talk'),
  agent: unique('ann'),
  task: randomUUID(),
};

const input = { messages: [{ role: 'user', content: 'hello' }] };

async function begin(person: Person, more: object = {}, workflow = 'simple'): Promise<string> {
  const answer = await api.as(person)('POST', `/api/workflows/${workflow}/runs`, { input, ...more });
  expect(answer.status).toBe(202);
  return (await json<{ run_id: string }>(answer)).run_id;
}

async function say(person: Person, message: string, more: object): Promise<{ run_id: string; session_id: string }> {
  const answer = await api.as(person)('POST', '/api/chat', { message, stream: false, ...more });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return json(answer);
}

const get = async <T>(person: Person, path: string): Promise<T> => json<T>(await api.as(person)('GET', path));
const ended = (person: Person, id: string) => get<RunAnswer>(person, `/api/runs/${id}/result`);

async function makeAgent(person: Person, name: string, more: object = {}): Promise<Response> {
  return api.as(person)('POST', '/api/agents', { name, system_prompt: `You are ${name}.`, ...more });
}

const keepFunction = (task_id: string, owner: string) =>
  api.deps.functions.write(
    {
      task_id,
      task_name: 'A test',
      task_type: 'input',
      desired_action: 'x',
      user_inputs: {},
      packages_used: [],
      created_at: new Date().toISOString(),
      example: null,
      code: 'def main_function(): pass',
    },
    owner,
  );

beforeAll(async () => {
  world = await openWorld();
  api = await openAuthStage(world, { catalogue: { ...catalogue, hasSpenders: { input: z.unknown() } } });
  const times = { created_at: new Date().toISOString(), updated_at: new Date().toISOString() };
  await addAgent(api.deps, agentDefinition.parse({ kind: 'agent', name: shipped, shipped: true, ...times }));
  await makeAgent('ann', hers.agent);
  hers.run = await begin('ann');
  await ended('ann', hers.run);
  hers.research = await begin('ann', { input: { company: 'Hers' } }, 'research_company');
  await ended('ann', hers.research);
  const { run_id } = await say('ann', 'a secret of Ann', { agent_id: hers.agent, session_id: hers.session });
  hers.response = `resp_${run_id}`;
  const [first] = (await get<List<{ id: string }>>('ann', `/api/runs/${hers.run}/checkpoints`)).items;
  hers.checkpoint = first!.id;
  await keepFunction(hers.task, 'ann');
});
afterAll(async () => {
  await api.close();
  await world.close();
});

const idsOf = async (person: Person, path: string): Promise<string[]> =>
  (await get<List<{ id: string }>>(person, path)).items.map(({ id }) => id);

test('each of two users has its own runs in lists, with its own totals, page by page', async () => {
  const tag = unique('tag');
  const ann = [await begin('ann', { tags: [tag] }), await begin('ann', { tags: [tag] })];
  const bob = [await begin('bob', { tags: [tag] })];
  // Some visibility stores would take the two for one.
  const Bob = [await begin('Bob', { tags: [tag] })];
  const list = (person: Person, more = '') => get<List<RunRow>>(person, `/api/runs?tag=${tag}${more}`);
  await expect.poll(async () => (await list('ada')).total, { timeout: 10_000 }).toBe(4);
  for (const [person, own] of [
    ['ann', ann],
    ['bob', bob],
    ['Bob', Bob],
  ] as const) {
    const { total, items } = await list(person);
    expect(total).toBe(own.length);
    expect(items.map(({ id, owner }) => [id, owner])).toEqual(own.toReversed().map((id) => [id, person]));
    // What is remembered of the pages of one list is not taken for another's.
    for (let offset = 0; offset < 3; offset++)
      expect((await list(person, `&limit=1&offset=${offset}`)).items.map(({ id }) => id)).toEqual(
        own.toReversed().slice(offset, offset + 1),
      );
  }
  expect((await list('vic')).total).toBe(4);
  expect((await list('ada', '&owner=ann')).total).toBe(2);
  expect((await list('ada', '&owner=Bob')).items.map(({ id }) => id)).toEqual(Bob);
  expect((await list('bob', '&owner=ann')).total).toBe(0);
});

test('a run that nobody owns is seen by viewers and admins alone', async () => {
  const id = randomUUID();
  await world.start('simple', input, id);
  for (const person of ['vic', 'ada'] as const) await ended(person, id);
  expect((await api.as('ann')('GET', `/api/runs/${id}`)).status).toBe(404);
  expect((await get<RunAnswer>('ada', `/api/runs/${id}`)).owner).toBeNull();
});

test('an Idempotency-Key is each own: the same key of two users is two runs', async () => {
  const key = { 'idempotency-key': unique('key') };
  const start = async (person: Person) =>
    (await json<{ run_id: string }>(await api.as(person)('POST', '/api/workflows/simple/runs', { input }, key))).run_id;
  const ann = await start('ann');
  expect(await start('ann')).toBe(ann);
  expect(await start('bob')).not.toBe(ann);
  const chat = async (person: Person) =>
    json<{ run_id: string; session_id: string }>(
      await api.as(person)(
        'POST',
        '/api/chat',
        { agent_id: shipped, message: 'x', stream: false },
        { 'idempotency-key': `${key['idempotency-key']}-chat` },
      ),
    );
  const [one, other, bobs] = [await chat('ann'), await chat('ann'), await chat('bob')];
  expect(other).toEqual(one);
  expect([bobs.run_id, bobs.session_id]).not.toContain(one.run_id);
  expect(bobs.session_id).not.toBe(one.session_id);
});

test('a run_id that somebody else has taken says nothing but that', async () => {
  const run_id = randomUUID();
  await begin('ann', { run_id });
  const answer = await api.as('bob')('POST', '/api/workflows/simple/runs', { input, run_id });
  expect(answer.status).toBe(409);
  const { request_id: _, ...body } = await json<Record<string, unknown>>(answer);
  expect(body).toEqual({ type: 'run_id_taken', detail: `There is a run '${run_id}' already. Choose another run_id.` });
});

test('nobody takes away the place of a session or of an agent by naming a run so', async () => {
  for (const run_id of ['session@bob:talk', 'session:talk', 'agent:news', 'check-1'])
    expect((await api.as('ann')('POST', '/api/workflows/simple/runs', { input, run_id })).status, run_id).toBe(422);
});

test("a run that was begun by hand tells nobody else's session its end, nor anything else of theirs", async () => {
  const messages = [{ role: 'user', content: 'hello' }];
  const agent = { name: 'mine' };
  const start = async (person: Person, session: string) =>
    (await api.as(person)('POST', '/api/workflows/agent/runs', { input: { agent, messages, session } })).status;
  for (const session of [`session@ann:${hers.session}`, 'session@ann:none', `agent:${hers.agent}`, hers.run])
    for (const path of ['/api/workflows/agent/runs', '/api/v1/agent/execute']) {
      const given = { agent, messages, session };
      const answer = await api.as('bob')('POST', path, path.endsWith('/runs') ? { input: given } : given);
      expect([answer.status, (await json(answer)).type], `${path} ${session}`).toEqual([404, 'session_not_found']);
    }
  expect(await start('bob', 'session@bob:none')).toBe(202);
  expect(await start('ada', 'session@ann:none')).toBe(202);
  const { run_id } = await say('bob', 'hello', { agent_id: shipped });
  const [first] = await idsOf('bob', `/api/runs/${run_id}/checkpoints`);
  const fork = async (session: string) =>
    (await api.as('bob')('POST', `/api/checkpoints/${first}/fork`, { modifications: { input: { session } } })).status;
  expect([await fork(`session@ann:${hers.session}`), await fork('session@bob:none')]).toEqual([404, 200]);
});

test('who asks once more without a key is answered by an own run, also one who sees all', async () => {
  const ask = async (person: Person, tries: number) => {
    const body = { model: shipped, messages: [{ role: 'user', content }] };
    const answer = await api.as(person)('POST', '/v1/chat/completions', body, {
      'x-stainless-retry-count': String(tries),
    });
    const id = (await json<{ id: string }>(answer)).id.replace('chatcmpl-', '');
    await expect.poll(() => idsOf(person, `/api/runs?agent_id=${shipped}`), { timeout: 10_000 }).toContain(id);
    return id;
  };
  const content = unique('bought once');
  const anns = await ask('ann', 0);
  expect(await ask('ann', 1)).toBe(anns);
  const adas = await ask('ada', 1);
  expect(adas).not.toBe(anns);
  expect(await ask('ada', 1)).toBe(adas);
});

test("an admin deletes another's session only when it is named whose, and promotes in the session of the run", async () => {
  const session_id = unique('talk');
  const { run_id } = await say('ann', 'hello', { agent_id: shipped, session_id });
  const remove = (query = '') => api.as('ada')('DELETE', `/api/sessions/${session_id}${query}`);
  await expect
    .poll(async () => (await get<SessionAnswer>('ann', `/api/sessions/${session_id}`)).head, { timeout: 10_000 })
    .toBe(run_id);
  await expect.poll(async () => (await api.as('ada')('GET', `/api/sessions/${session_id}`)).status).toBe(200);
  const refused = await remove();
  expect([refused.status, (await json(refused)).type]).toEqual([409, 'session_of_another']);
  expect((await api.as('ada')('POST', `/api/runs/${run_id}/promote`)).status).toBe(200);
  expect((await api.as('ada')('GET', `/api/sessions/${session_id}?owner=ada`)).status).toBe(404);
  await expect.poll(async () => (await remove('?owner=ann')).status, { timeout: 10_000 }).toBe(204);
});

test('a turn that waits is not answered by an agent of the same name that somebody else has made since', async () => {
  const name = unique('ann');
  await makeAgent('ann', name);
  const session_id = unique('talk');
  world.openai.script({ match: 'slow one', tokens: 40, tokenMs: 25 });
  const turn = (message: string) =>
    api.as('ann')('POST', '/api/chat', { agent_id: name, session_id, message, stream: false });
  const slow = turn('slow one');
  await world.openai.until(() => world.openai.matching(/slow one/).length > 0, 10_000);
  const waiting = turn('asks for a secret');
  await expect
    .poll(async () => (await get<SessionAnswer>('ann', `/api/sessions/${session_id}`)).turns, { timeout: 10_000 })
    .toBe(2);
  expect((await api.as('ann')('DELETE', `/api/agents/${name}`)).status).toBe(204);
  expect((await makeAgent('bob', name)).status).toBe(201);
  expect((await slow).status).toBe(200);
  expect((await waiting).status).toBe(409);
  expect(world.openai.matching(/asks for a secret/)).toEqual([]);
});

test('two users have a session of the same name each, and never meet in it; an admin may ask for either', async () => {
  const session_id = unique('talk');
  const agent = { ann: unique('ann'), bob: unique('bob') };
  for (const person of ['ann', 'bob'] as const) await makeAgent(person, agent[person]);
  const talk = (person: 'ann' | 'bob', message: string) =>
    say(person, message, { agent_id: agent[person], session_id });
  const first = await talk('ann', 'one of Ann');
  await talk('bob', 'one of Bob');
  // The second turn of each is begun by a worker.
  const second = await talk('ann', 'two of Ann');
  await talk('bob', 'two of Bob');
  const asked = world.openai
    .matching(/two of Ann/)
    .at(-1)
    ?.asked?.said.map(({ text }) => text)
    .join();
  expect(asked).toContain('one of Ann');
  expect(asked).not.toContain('Bob');
  await expect
    .poll(async () => (await get<SessionAnswer>('ann', `/api/sessions/${session_id}`)).runs.map(({ id }) => id), {
      timeout: 10_000,
    })
    .toEqual([first.run_id, second.run_id]);
  const of = async (owner: string) => get<SessionAnswer>('ada', `/api/sessions/${session_id}?owner=${owner}`);
  expect((await of('ann')).agent_id).toBe(agent.ann);
  expect((await of('bob')).runs.every(({ owner }) => owner === 'bob')).toBe(true);
  expect((await api.as('bob')('GET', `/api/sessions/${session_id}?owner=ann`)).status).toBe(404);
  expect((await get<List<unknown>>('ann', `/api/sessions?agent_id=${agent.bob}`)).total).toBe(0);
  expect((await get<List<unknown>>('vic', `/api/sessions?agent_id=${agent.bob}`)).total).toBe(1);
  expect((await api.as('bob')('DELETE', `/api/sessions/${session_id}?runs=true`)).status).toBe(204);
  expect((await api.as('ann')('GET', `/api/runs/${first.run_id}`)).status).toBe(200);
  expect((await of('ann')).id).toBe(session_id);
});

test('agents: shipped ones are for all to use and for admins to change, others for who made them', async () => {
  const tag = unique('tag');
  const name = unique('ann');
  await makeAgent('ann', name, { tags: [tag] });
  // Also a moment after it was written, which lists of visibility's do not know yet.
  expect(await idsOf('bob', `/api/agents?limit=1000&tag=${tag}`)).toEqual([]);
  expect(await idsOf('ann', `/api/agents?limit=1000&tag=${tag}`)).toEqual([name]);
  await expect.poll(() => idsOf('bob', '/api/agents?limit=1000'), { timeout: 10_000 }).toContain(shipped);
  expect(await idsOf('bob', '/api/agents?limit=1000')).not.toContain(name);
  const models = async (person: Person) =>
    (await get<{ data: { id: string }[] }>(person, '/v1/models')).data.map(({ id }) => id);
  expect(await models('bob')).not.toContain(name);
  expect(await models('ann')).toContain(name);
  for (const [path, body] of [
    ['/api/chat', { agent_id: name, message: 'x', stream: false }],
    ['/v1/chat/completions', { model: name, messages: [{ role: 'user', content: 'x' }] }],
    ['/v1/responses', { model: name, input: 'x' }],
  ] as const)
    expect((await api.as('bob')('POST', path, body)).status, path).toBe(404);
  expect((await makeAgent('bob', unique('bob'), { agents: [name] })).status).toBe(422);
  const taken = await makeAgent('bob', name);
  expect(taken.status).toBe(409);
  expect((await json(taken)).detail).toBe(`There is an agent '${name}' already. Choose another name.`);
  for (const [method, body] of [
    ['PUT', { description: 'x' }],
    ['DELETE', undefined],
  ] as const)
    expect((await api.as('bob')(method, `/api/agents/${shipped}`, body)).status).toBe(403);
  expect((await get<{ name: string }>('bob', `/api/agents/${shipped}`)).name).toBe(shipped);
  expect((await makeAgent('bob', 'code')).status).not.toBe(201);
  expect((await say('bob', 'hello', { agent_id: shipped })).run_id).toBeTruthy();
});

test('forks, restores, children and the family of a run are whose the run is; who forks owns the fork', async () => {
  const source = await begin('ann');
  await ended('ann', source);
  const fork = async (person: Person, of: string) => {
    const answer = await api.as(person)('POST', `/api/runs/${of}/fork`);
    return answer.status === 200 ? (await json<{ new_run_id: string }>(answer)).new_run_id : answer.status;
  };
  expect(await fork('bob', source)).toBe(404);
  const own = String(await fork('ann', source));
  const admins = String(await fork('ada', source));
  expect((await ended('ann', own)).status).toBe('completed');
  expect((await ended('ada', admins)).status).toBe('completed');
  expect((await get<RunAnswer>('ada', `/api/runs/${own}`)).owner).toBe('ann');
  expect((await get<RunAnswer>('ada', `/api/runs/${admins}`)).owner).toBe('ada');
  expect((await api.as('ann')('GET', `/api/runs/${admins}`)).status).toBe(404);
  const family = async (person: Person) => {
    const { total, items } = await get<{ total: number; items: { run_id: string }[] }>(
      person,
      `/api/runs/${source}/tree`,
    );
    return [total, ...items.map(({ run_id }) => run_id)];
  };
  await expect.poll(() => family('ada'), { timeout: 10_000 }).toEqual([3, source, own, admins]);
  expect(await family('ann')).toEqual([2, source, own]);
  const compared = async (a: string, b: string) =>
    (await api.as('bob')('GET', `/api/runs/compare?a=${a}&b=${b}`)).text();
  const mine = await begin('bob');
  expect((await compared(mine, source)).replaceAll(source, 'X').replace(/"request_id.*/, '')).toBe(
    (await compared(mine, nobodys.run)).replaceAll(nobodys.run, 'X').replace(/"request_id.*/, ''),
  );
  // Rewound by an admin it is still Ann's.
  const [first] = (await get<List<{ id: string }>>('ann', `/api/runs/${source}/checkpoints`)).items;
  const restored = await api.as('ada')('POST', `/api/checkpoints/${first!.id}/restore`, { create_new_run: false });
  expect(restored.status).toBe(200);
  await ended('ann', source);
  expect((await get<RunAnswer>('ann', `/api/runs/${source}`)).owner).toBe('ann');
});

test('the children of a run are whose the run is, whatever its code says of them', async () => {
  const topic = unique('family');
  const id = await begin('ann', { input: { topic, children: 2, each: 1 } }, 'hasSpenders');
  await ended('ann', id);
  const { children, usage } = await get<RunAnswer>('ann', `/api/runs/${id}`);
  expect(usage.children).toMatchObject({ input_tokens: 16 });
  expect(children.length).toBe(2);
  for (const { run_id } of children) {
    expect((await get<RunAnswer>('ann', `/api/runs/${run_id}`)).owner).toBe('ann');
    expect((await api.as('bob')('GET', `/api/runs/${run_id}`)).status).toBe(404);
  }
});

test('figures are of what one sees', async () => {
  const agent = unique('ann');
  await makeAgent('ann', agent);
  await say('ann', 'count me', { agent_id: agent });
  const of = async (person: Person) => api.as(person)('GET', `/api/metrics/agents/${agent}`);
  await expect
    .poll(async () => (await json<{ total_runs: number }>(await of('ann'))).total_runs, { timeout: 10_000 })
    .toBe(1);
  expect((await of('bob')).status).toBe(404);
  expect((await json<{ total_runs: number }>(await of('vic'))).total_runs).toBe(1);
  const total = async (person: Person) => (await get<{ total_runs: number }>(person, '/api/metrics/system')).total_runs;
  const before = await total('Bob');
  await begin('Bob');
  await expect.poll(() => total('Bob'), { timeout: 10_000 }).toBe(before + 1);
  expect(await total('ada')).toBeGreaterThan(before + 1);
});

test('a function is called by whose it is alone, by whatever way a run begins', async () => {
  const tasks = async (person: Person) =>
    (await get<{ items: { task_id: string }[] }>(person, '/api/tasks?limit=1000')).items.map(({ task_id }) => task_id);
  expect(await tasks('ann')).toContain(hers.task);
  expect(await tasks('bob')).toEqual([]);
  expect((await get<{ total: number }>('bob', '/api/tasks')).total).toBe(0);
  for (const path of ['/api/workflows/run_function/runs', '/api/v1/run-function/execute']) {
    const ask = async (task_id: string) => {
      const given = { task_id, inputs: {} };
      const answer = await api.as('bob')('POST', path, path.endsWith('/runs') ? { input: given } : given);
      return [answer.status, (await answer.text()).replaceAll(task_id, 'ID').replace(/"request_id":"[^"]*"/, '')];
    };
    expect(await ask(hers.task)).toEqual(await ask(nobodys.task));
    expect((await ask(hers.task))[0]).toBe(404);
  }
  // A fork of a call of one's own is none of hers.
  const own = randomUUID();
  await keepFunction(own, 'bob');
  const run = await begin('bob', { input: { task_id: own } }, 'run_function');
  const checkpoints = () => idsOf('bob', `/api/runs/${run}/checkpoints`);
  await expect.poll(async () => (await checkpoints()).length, { timeout: 10_000 }).toBeGreaterThan(0);
  const [loaded] = await checkpoints();
  const fork = async (task_id: string) =>
    (await api.as('bob')('POST', `/api/checkpoints/${loaded}/fork`, { modifications: { input: { task_id } } })).status;
  expect([await fork(hers.task), await fork(nobodys.task), await fork(own)]).toEqual([404, 404, 200]);
});

test("nobody goes on from somebody else's response, nor in its conversation", async () => {
  const ask = async (person: Person, previous_response_id: string) =>
    api.as(person)('POST', '/v1/responses', { model: shipped, input: 'and then?', previous_response_id });
  const [foreign, missing] = [await ask('bob', hers.response), await ask('bob', nobodys.response)];
  expect([foreign.status, missing.status]).toEqual([404, 404]);
  // Who sees it goes on from it, and the session stays as it was.
  const turns = async () => (await get<SessionAnswer>('ann', `/api/sessions/${hers.session}`)).turns;
  const before = await turns();
  const answer = await ask('ada', hers.response);
  expect(answer.status).toBe(200);
  expect(
    world.openai
      .matching(/and then\?/)
      .at(-1)
      ?.asked?.said.map(({ text }) => text)
      .join(),
  ).toContain('a secret of Ann');
  expect(await turns()).toBe(before);
});

/** Those whose parameter names something that belongs to nobody. */
const ofNobody = new Set(['/api/workflows/:name/runs']);

/** What a route needs before it looks at the id. */
const bodies: [RegExp, object][] = [
  [/\/answer$/, { waiting_id: 'x', value: 1 }],
  [/\/limits$/, { max_steps: 5 }],
  [/\/message$/, { text: 'x' }],
  [/\/checkpoints$/, { description: 'x' }],
  [/\/restore$/, { create_new_run: false, force: true }],
];

/** Told apart on real sockets, below. */
const isSocket = (path: string): boolean => /\/ws(\/|$)/.test(path);

function routesWithIds(): { method: string; path: string }[] {
  const found = new Map<string, { method: string; path: string }>();
  for (const { method, path } of api.app.routes)
    if (method !== 'ALL' && /:\w/.test(path) && !ofNobody.has(path) && !isSocket(path))
      found.set(`${method} ${path}`, { method, path });
  return [...found.values()];
}

async function call(person: Person, { method, path }: { method: string; path: string }, id: string, runs: string[]) {
  const body = method === 'GET' || method === 'DELETE' ? undefined : (bodies.find(([at]) => at.test(path))?.[1] ?? {});
  const at = path.replace(/:\w+(\{[^}]*\})?/, encodeURIComponent(id)) + (path.endsWith('/run') ? '?wait=false' : '');
  const answer = await api.as(person)(method, at, body);
  const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id');
  let text = await answer.text();
  for (const own of [id, encodeURIComponent(id), ...runs]) text = text.replaceAll(own, 'ID');
  return { status: answer.status, headers, text: text.replace(/"request_id":"[^"]*"/, '') };
}

const runsIn = (ids: typeof hers): string[] => [ids.run, ids.research, ids.response.replace('resp_', '')];

/** A route of one workflow knows no run of another. */
const hasRunOf = (path: string): boolean => {
  const [, flow] = /^\/api\/v1\/([a-z-]+)\/execution\//.exec(path) ?? [];
  return flow === undefined || ['simple', 'research-company'].includes(flow);
};

test('sockets tell nothing of what is somebody else’s, and are refused without a token', async () => {
  const sockets = new WebSocketServer({ noServer: true });
  const server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1', websocket: { server: sockets } });
  await once(server, 'listening');
  const at = server.address();
  const base = `ws://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  const heard = async (path: string, id: string, query: string): Promise<string[]> => {
    const socket = new WebSocket(`${base}${path.replace(/:\w+/, id)}${query}`);
    const told: string[] = [];
    socket.on('message', (data: Buffer) => told.push(data.toString().replaceAll(id, 'ID')));
    socket.on('unexpected-response', (_, answer) => {
      told.push(`${answer.statusCode} ${String(answer.headers['x-request-id']).length > 8}`);
      socket.terminate();
    });
    socket.on('error', () => {});
    await new Promise((resolve) => void socket.on('close', resolve));
    return told;
  };
  const paths = [...new Set(api.app.routes.map(({ path }) => path).filter(isSocket))];
  expect(paths.length).toBeGreaterThan(1);
  for (const path of paths) {
    expect(await heard(path, hers.run, ''), path).toEqual(['401 true']);
    expect(await heard(path, hers.run, '?access_token=wrong')).toEqual(['401 true']);
    const [foreign, missing, own] = [
      await heard(path, hers.run, `?access_token=${keyOf('bob')}`),
      await heard(path, nobodys.run, `?access_token=${keyOf('bob')}`),
      await heard(path, hers.run, `?access_token=${keyOf('ann')}`),
    ];
    expect(foreign, path).toEqual(missing);
    expect(own, path).not.toEqual(missing);
    expect(own.at(-1), path).toMatch(/complete/i);
  }
  server.close();
  sockets.close();
});

test('a stream is read on for whom it was opened, as long as it lasts', async () => {
  const read = async (method: string, path: string, body?: unknown) =>
    (await api.as('ann')(method, path, body, { accept: 'text/event-stream' })).text();
  const said = { model: hers.agent, input: 'tell me', stream: true };
  expect(await read('POST', '/v1/responses', said)).toContain('response.completed');
  expect(await read('GET', `/v1/responses/${hers.response}?stream=true`)).toContain('response.completed');
  expect(await read('GET', `/message/${hers.run}`)).toContain('"type":"result"');
  expect(await read('POST', '/api/workflows/simple/runs', { input })).toContain('event: run_completed');
  // The second one waits for its turn: its stream is subscribed long after its handler has gone.
  const turn = (message: string) =>
    read('POST', '/api/chat', { agent_id: hers.agent, session_id: hers.session, message });
  for (const heard of await Promise.all([turn('one'), turn('two')])) expect(heard).toContain('event: run_completed');
});

test('no list, of any route, has what is somebody else’s', async () => {
  const paths = [...new Set(api.app.routes.flatMap(({ method, path }) => (method === 'GET' ? [path] : [])))];
  const telling = new Set<string>();
  await expect.poll(() => idsOf('ann', '/api/runs?limit=100'), { timeout: 10_000 }).toContain(hers.run);
  for (const path of paths.filter((path) => !/[:*]|^\/docs|^\/console/.test(path))) {
    const told = async (person: Person) => (await api.as(person)('GET', `${path}?limit=100&page_size=100`)).text();
    const [anns, bobs] = [await told('ann'), await told('bob')];
    for (const id of Object.values(hers)) {
      if (anns.includes(id)) telling.add(path);
      expect(bobs, path).not.toContain(id);
    }
  }
  expect([...telling]).toEqual(
    expect.arrayContaining([
      '/api/runs',
      '/api/sessions',
      '/api/agents',
      '/api/tasks',
      '/v1/models',
      '/api/activities',
      '/api/v1/executions',
    ]),
  );
});

describe('every route with an id', () => {
  test("answers somebody else's exactly as one that is not there", async () => {
    const routes = routesWithIds();
    expect(routes.length).toBeGreaterThan(35);
    for (const route of routes) {
      const about = `${route.method} ${route.path}`;
      await Promise.all(
        kinds.map(async (kind) => {
          const foreign = await call('bob', route, hers[kind], runsIn(hers));
          const missing = await call('bob', route, nobodys[kind], runsIn(nobodys));
          expect(foreign, `${about}: ${kind}`).toEqual(missing);
        }),
      );
    }
  }, 60_000);

  test('answers a viewer who would change something 403, whatever the id', async () => {
    for (const route of routesWithIds().filter(({ method }) => method !== 'GET')) {
      const answers = [await call('vic', route, hers.run, []), await call('vic', route, nobodys.run, [])];
      for (const answer of answers) expect(answer, `${route.method} ${route.path}`).toMatchObject({ status: 403 });
    }
  });

  test('answers its owner otherwise; and so would have failed above if it let others in', async () => {
    const order = ['GET', 'POST', 'PUT', 'DELETE'];
    // Of runs and sessions last: the others are found through them.
    const routes = routesWithIds().toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
    for (const route of routes.filter(({ path }) => hasRunOf(path))) {
      let differs = false;
      for (const kind of kinds) {
        const own = await call('ann', route, hers[kind], runsIn(hers));
        const missing = await call('ann', route, nobodys[kind], runsIn(nobodys));
        differs = own.status !== missing.status || own.text !== missing.text;
        if (differs) break;
      }
      expect(differs, `${route.method} ${route.path}`).toBe(true);
    }
  }, 60_000);
});
