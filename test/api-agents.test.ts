// Agents as definitions: made, listed, changed and deleted with no worker anywhere.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from '@hono/zod-openapi';
import { findAgent } from '../api/agents/definitions.ts';
import { resolveAgent } from '../api/agents/resolve.ts';
import { seedAgents } from '../api/agents/seed.ts';
import type { AgentAnswer, agentList } from '../api/agents/shape.ts';
import { shipped } from '../api/agents/shipped.ts';
import type { AgentSnapshot } from '../workflows/agent/snapshot.ts';
import { definitionId, definitionQueue, definitionType } from '../workflows/definition.ts';
import { attributes } from '../workflows/runtime/messages.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';

type AgentList = z.infer<typeof agentList>;

let api: ApiStage;
beforeAll(async () => void (api = await openApiStage()));
afterAll(() => api.close());

const unique = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;
const read = async (name: string) => json<AgentAnswer>(await api.ask('GET', `/api/agents/${name}`));
const listed = async (query: string) => json<AgentList>(await api.ask('GET', `/api/agents?${query}`));
const namesOf = ({ items }: AgentList) => items.map(({ name }) => name);

async function make(name: string, more: object = {}): Promise<AgentAnswer> {
  const answer = await api.ask('POST', '/api/agents', { name, ...more });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return json<AgentAnswer>(answer);
}

test('an agent is made, read at once, and made only once', async () => {
  const name = unique('made');
  const given = {
    name,
    description: 'Knows the sea.',
    model: 'gpt-4o',
    system_prompt: 'You are a sailor.',
    tools: ['calculate'],
    tags: ['sea', "o'clock"],
    config: { max_steps: 3 },
  };
  const answer = await api.ask('POST', '/api/agents', given);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/api/agents/${name}`);
  const made = await json<AgentAnswer>(answer);
  expect(made).toMatchObject({ ...given, id: name, enabled: true, config: { max_steps: 3, temperature: null } });
  expect(made.created_at).toMatch(/^20.*Z$/);
  expect(await read(name)).toEqual(made);
  const again = await api.ask('POST', '/api/agents', given);
  expect(again.status).toBe(409);
  expect(await json(again)).toMatchObject({ type: 'agent_exists' });
});

test('of ten that make the same agent at once, one does', async () => {
  const name = unique('once');
  const other = await openApiStage();
  const apps = [api, other];
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => apps[i % 2]!.ask('POST', '/api/agents', { name, description: `${i}` })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
  await other.close();
});

test('a change touches what it names; null clears what may be null', async () => {
  const name = unique('changed');
  const made = await make(name, { model: 'gpt-4o', description: 'before', config: { max_steps: 3, temperature: 1 } });
  const put = (body: object) => api.ask('PUT', `/api/agents/${name}`, body);
  const first = await json<AgentAnswer>(await put({ description: 'after', config: { temperature: null } }));
  const wanted = { description: 'after', model: 'gpt-4o', config: { ...made.config, temperature: null } };
  expect(first).toEqual({ ...made, ...wanted, updated_at: first.updated_at });
  expect(first.updated_at > made.created_at).toBe(true);
  expect(await read(name)).toEqual(first);
  expect((await json<AgentAnswer>(await put({ model: null }))).model).toBeNull();
  for (const body of [{ description: null }, { config: { max_steps: 0 } }, { name: 'another' }, { tools: 'calculate' }])
    expect((await put(body)).status).toBe(422);
  expect((await api.ask('PUT', `/api/agents/${unique('none')}`, {})).status).toBe(404);
});

test('ten changes at once leave one of them, whole, and none of two fields is lost', async () => {
  const name = unique('raced');
  await make(name);
  const puts = Array.from({ length: 10 }, (_, i) =>
    api.ask('PUT', `/api/agents/${name}`, i % 2 ? { description: `${i}` } : { system_prompt: `${i}` }),
  );
  expect((await Promise.all(puts)).map(({ status }) => status)).toEqual(Array(10).fill(200));
  const { description, system_prompt } = await read(name);
  expect([Number(description) % 2, Number(system_prompt || NaN) % 2]).toEqual([1, 0]);
});

test('a deleted agent is gone at once, in lists too, and its name is free', async () => {
  const name = unique('deleted');
  const tag = unique('tag');
  await make(name, { tags: [tag] });
  expect(namesOf(await listed(`tag=${tag}`))).toEqual([name]);
  const answer = await api.ask('DELETE', `/api/agents/${name}`);
  expect(answer.status).toBe(204);
  expect(await answer.text()).toBe('');
  expect(await listed(`tag=${tag}`)).toMatchObject({ total: 0, items: [] });
  const missing = await api.ask('GET', `/api/agents/${name}`);
  expect(missing.status).toBe(404);
  expect(await json(missing)).toMatchObject({ type: 'agent_not_found', detail: `Agent '${name}' not found` });
  expect((await api.ask('DELETE', `/api/agents/${name}`)).status).toBe(404);
  expect((await make(name)).tags).toEqual([]);
});

test('a change and a deletion at once end as one of the two orders would', async () => {
  const name = unique('both');
  await make(name);
  const [put, gone] = await Promise.all([
    api.ask('PUT', `/api/agents/${name}`, { description: 'x' }),
    api.ask('DELETE', `/api/agents/${name}`),
  ]);
  expect([200, 404]).toContain(put.status);
  expect(gone.status).toBe(204);
  expect((await api.ask('GET', `/api/agents/${name}`)).status).toBe(404);
});

test('lists are by name, in pages, with true totals and no more than lists show', async () => {
  const tag = unique('list');
  const names = ['c', 'a', 'e', 'b', 'd'].map((letter) => `${letter}-${tag}`);
  await Promise.all(names.map((name) => make(name, { tags: [tag], system_prompt: 'secret' })));
  expect((await listed(`tag=${tag}`)).total).toBe(5);
  expect(namesOf(await listed(`tag=${tag}`))).toEqual(names.toSorted());
  const page = await listed(`tag=${tag}&limit=2&offset=3`);
  expect(page).toMatchObject({ total: 5, limit: 2, offset: 3 });
  expect(namesOf(page)).toEqual(names.toSorted().slice(3));
  expect(page.items[0]).not.toHaveProperty('system_prompt');
  expect(page.items[0]).toMatchObject({ enabled: true, tools: [], tags: [tag], model: null });
  for (const query of ['limit=0', 'limit=1001', 'offset=-1', 'limit=x'])
    expect((await api.ask('GET', `/api/agents?${query}`)).status).toBe(422);
});

test('what an agent cannot be is refused, with what there is', async () => {
  const wrong = async (body: object) => {
    const answer = await api.ask('POST', '/api/agents', { name: unique('wrong'), ...body });
    expect(answer.status).toBe(422);
    return JSON.stringify((await json(answer)).detail);
  };
  expect(await wrong({ tools: ['calculate', 'fly'] })).toMatch(/"tools",1.*There is no tool 'fly'.*search_knowledge/);
  expect(await wrong({ agents: ['nobody-there'] })).toContain("There is no agent 'nobody-there'");
  expect(await wrong({ name: 'Not A Name' })).toContain('"name"');
  expect(await wrong({ name: '' })).toContain('"name"');
  expect(await wrong({ name: 'x'.repeat(65) })).toContain('"name"');
  expect(await wrong({ config: { max_steps: 0 } })).toContain('"max_steps"');
  expect(await wrong({ system_prompt: 'x'.repeat(100_001) })).toContain('"system_prompt"');
});

test('a long prompt is kept whole, outside of histories', async () => {
  const name = unique('long');
  const system_prompt = 'prompt '.repeat(14_000);
  await make(name, { system_prompt });
  expect((await read(name)).system_prompt).toBe(system_prompt);
});

test('a shipped agent comes once, and stays deleted whoever seeds again; made anew it stays as made', async () => {
  const own = shipped(new Date()).map((agent) => ({ ...agent, name: unique(agent.name.slice(0, 8)) }));
  const seed = () => seedAgents(api.deps, new AbortController().signal, own);
  await Promise.all([seed(), seed()]);
  const [first, second] = own.map(({ name }) => name);
  expect(await read(first!)).toMatchObject({ tools: ['search_knowledge', 'create_ticket', 'send_email'] });
  expect((await api.ask('PUT', `/api/agents/${second}`, { description: 'ours now' })).status).toBe(200);
  expect((await api.ask('DELETE', `/api/agents/${first}`)).status).toBe(204);
  await seed();
  expect((await api.ask('GET', `/api/agents/${first}`)).status).toBe(404);
  expect((await api.ask('DELETE', `/api/agents/${first}`)).status).toBe(404);
  expect((await read(second!)).description).toBe('ours now');
  await expect.poll(async () => namesOf(await listed('limit=1000')).filter((name) => name === first)).toEqual([]);
  expect((await make(first!, { description: 'anew' })).description).toBe('anew');
  await seed();
  expect((await read(first!)).description).toBe('anew');
  expect((await api.ask('DELETE', `/api/agents/${first}`)).status).toBe(204);
  await seed();
  expect((await api.ask('GET', `/api/agents/${first}`)).status).toBe(404);
});

test('the shipped agents have the tools and tags that clients know, and tools that there are', async () => {
  const agents = shipped(new Date());
  expect(agents.map(({ name }) => name)).toEqual(['customer_support', 'assistant', 'research', 'code']);
  expect(agents[0]!.tags).toEqual(['production', 'customer-service', 'support']);
  expect(agents[1]!.tags).toEqual(['production']);
  for (const { tools } of agents) for (const tool of tools) expect(api.deps.tools).toContain(tool);
});

test('an agent is resolved with the agents below it, three deep, without circles, without the disabled', async () => {
  const names = ['one', 'two', 'three', 'four', 'five'].map(unique);
  for (const name of names.toReversed()) {
    const below = names[names.indexOf(name) + 1];
    await make(name, { agents: below ? [below] : [] });
  }
  await api.ask('PUT', `/api/agents/${names[1]}`, { agents: [names[2], names[0], names[1]] });
  const resolved = async () => {
    const chain: string[][] = [];
    let level = [(await resolveAgent(api.deps, names[0]!))!.agent];
    for (; level.length > 0; level = level.flatMap(({ agents }) => agents)) chain.push(level.map(({ name }) => name));
    return chain;
  };
  expect(await resolved()).toEqual(names.slice(0, 4).map((name) => [name]));
  await api.ask('PUT', `/api/agents/${names[2]}`, { enabled: false });
  expect(await resolved()).toEqual(names.slice(0, 2).map((name) => [name]));
  expect(await resolveAgent(api.deps, unique('nobody'))).toBeUndefined();
});

test('of agents that all know each other each is read once, and a run keeps a hundred of them at most', async () => {
  const names = Array.from({ length: 7 }, (_, i) => unique(`of-many-${i}`));
  for (const name of names) await make(name, {});
  for (const name of names) await api.ask('PUT', `/api/agents/${name}`, { agents: names });
  let reads = 0;
  const open: typeof api.deps.open = (payload) => {
    reads++;
    return api.deps.open(payload);
  };
  const count = ({ agents }: AgentSnapshot): number => agents.reduce((sum, agent) => sum + count(agent), agents.length);
  const { agent } = (await resolveAgent({ ...api.deps, open }, names[0]!))!;
  expect(agent.agents.map(({ name }) => name)).toEqual(names.slice(1));
  expect(count(agent)).toBe(100);
  // The one that is asked, and it again among those that the others know.
  expect(reads).toBe(names.length);
});

test('no run whose id looks like that of an agent is one, and no write takes its place', async () => {
  const name = unique('run');
  const id = await api.start('simple', { messages: [{ role: 'user', content: 'x' }] }, { run_id: definitionId(name) });
  expect(await findAgent(api.deps, name)).toEqual({ kind: 'none' });
  expect((await api.ask('POST', '/api/agents', { name })).status).toBe(409);
  expect((await api.ask('DELETE', `/api/agents/${name}`)).status).toBe(404);
  expect((await api.ask('GET', `/api/runs/${id}`)).status).toBe(200);
  const agent = unique('agent');
  await make(agent);
  expect((await api.ask('GET', `/api/runs/${encodeURIComponent(definitionId(agent))}`)).status).toBe(404);
});

test('a definition is no run: it is in no list and has no problem', async () => {
  const name = unique('inert');
  await make(name);
  await expect.poll(async () => namesOf(await listed('limit=1000'))).toContain(name);
  for (const query of [`agent_id=${name}`, `agent_id=${name}&problem=true`])
    expect(await json(await api.ask('GET', `/api/runs?${query}`))).toMatchObject({ total: 0 });
});

/** As another version may have kept it. */
async function keep(name: string, definition: object, memo: Record<string, unknown>): Promise<void> {
  await api.client.workflow.start(definitionType, {
    workflowId: definitionId(name),
    taskQueue: definitionQueue,
    args: [{ kind: 'agent', name, ...definition }],
    memo,
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'definition' },
      { key: attributes.Agent, value: name },
    ],
  });
}

test('an agent that another version keeps otherwise is told as that, and takes no list and no other agent with it', async () => {
  const name = unique('strange');
  await keep(name, { tools: 'all of them' }, { name, tools: 'all of them' });
  const parent = unique('parent');
  await make(parent);
  for (const [method, path, body] of [
    ['GET', `/api/agents/${name}`],
    ['PUT', `/api/agents/${name}`, { description: 'x' }],
    ['POST', '/api/agents', { name }],
    ['POST', '/api/chat', { agent_id: name, message: 'x' }],
    ['GET', `/v1/models/${name}`],
  ] as const) {
    const answer = await api.ask(method, path, body);
    expect([answer.status, method, path]).toEqual([409, method, path]);
    const said = await json(answer);
    expect(said).toMatchObject({
      type: 'agent_unreadable',
      detail: expect.stringContaining(`DELETE /api/agents/${name}`),
    });
  }
  await expect.poll(async () => namesOf(await listed('limit=1000'))).toContain(parent);
  await expect
    .poll(async () => {
      await listed('limit=1000');
      return api.log.some((line) => line.includes(definitionId(name)) && line.includes('left out'));
    })
    .toBe(true);
  expect(namesOf(await listed('limit=1000'))).not.toContain(name);
  expect((await api.ask('PUT', `/api/agents/${parent}`, { agents: [name] })).status).toBe(422);
  expect((await api.ask('DELETE', `/api/agents/${name}`)).status).toBe(204);
  expect((await make(name, { description: 'anew' })).description).toBe('anew');
  await api.ask('PUT', `/api/agents/${parent}`, { agents: [name] });
  await api.ask('DELETE', `/api/agents/${name}`);
  await keep(name, { tools: 'all of them' }, {});
  expect((await resolveAgent(api.deps, parent))!.agent.agents).toEqual([]);
});
