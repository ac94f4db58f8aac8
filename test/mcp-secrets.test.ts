// What is told of the secrets that an agent hands to its tool servers: their names.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveAgent } from '../api/agents/resolve.ts';
import type { AgentAnswer } from '../api/agents/shape.ts';
import { read } from './api-fork-stage.ts';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { type HttpTools, openHttpTools } from './mcp-server.ts';
import { openWorld, type World } from './world.ts';

let http: HttpTools;
let world: World;
let api: ApiStage;
beforeAll(async () => {
  http = await openHttpTools();
  const secrets = new Map([
    ['shop', { place: http.url, value: kept }],
    ['bank', { place: 'https://bank.example.com', value: kept }],
  ]);
  world = await openWorld({ pages: { allow: [http.url] }, mcp: { secrets } });
  api = await openApiStage(world);
});
afterAll(async () => {
  await api.close();
  await world.close();
  await http.close();
});

/** Of the worker alone. */
const kept = randomUUID();
const secret = `Bearer ${randomUUID()}`;
const shop = () => ({ name: 'shop', kind: 'http', url: http.url, headers: { Authorization: secret } });

test("an agent's answer hides them, and what it hid stays when it comes back, but for another address", async () => {
  const name = `shopper-${randomUUID().slice(0, 8)}`;
  const made = await json<AgentAnswer>(await api.ask('POST', '/api/agents', { name, mcp_servers: [shop()] }));
  expect(made.mcp_servers).toEqual([{ ...shop(), headers: { Authorization: '***' } }]);
  const headers = async () => {
    const resolved = await resolveAgent(api.deps, name);
    const [server] = resolved?.agent.mcp_servers ?? [];
    return server?.kind === 'http' ? server.headers : undefined;
  };
  await api.ask('PUT', `/api/agents/${name}`, { mcp_servers: made.mcp_servers });
  expect(await headers()).toEqual({ Authorization: secret });
  const elsewhere = made.mcp_servers.map((server) => ({ ...server, url: 'https://example.com/mcp' }));
  await api.ask('PUT', `/api/agents/${name}`, { mcp_servers: elsewhere });
  expect(await headers()).toEqual({ Authorization: '***' });
});

test('a run, its steps, its events and its checkpoints hide them, and the server gets them, from a fork too', async () => {
  world.openai.script({ calls: [{ name: 'shop__double', arguments: { n: 2 } }] });
  const agent = { name: 'shopper', mcp_servers: [shop()] };
  const handle = await world.start('agent', { agent, messages: [{ role: 'user', content: 'Do it.' }] });
  await handle.result();
  const { id, steps } = await read(api, handle.workflowId);
  expect(steps.map(({ name }) => name)).toEqual(['tools of shop', 'think', 'shop__double', 'think']);
  const checkpoints = `/api/runs/${id}/checkpoints`;
  const { items } = await json<{ items: { id: string }[] }>(await api.ask('GET', checkpoints));
  const each = items.map((checkpoint) => `/api/checkpoints/${checkpoint.id}`);
  for (const path of [`/api/runs/${id}`, `/api/runs/${id}/events`, checkpoints, ...each]) {
    const text = await (await api.ask('GET', path)).text();
    expect(text, path).not.toContain(secret);
  }
  expect(http.seen).toContain(secret);
  http.forget();
  http.seen.length = 0;
  world.openai.script({ calls: [{ name: 'shop__double', arguments: { n: 3 } }] });
  const fork = await api.ask('POST', `${each[0]}/fork`, {});
  const { new_run_id } = await json<{ new_run_id: string }>(fork);
  await world.client.workflow.getHandle(new_run_id).result();
  expect(JSON.stringify(await read(api, new_run_id))).not.toContain(secret);
  expect(http.seen).toContain(secret);
  expect(http.asked.map(({ args }) => args)).toEqual([{ n: 2 }, { n: 3 }]);
});

test('a secret that an agent only names is sent to its server, and stands in no history and no definition', async () => {
  const headers = { Authorization: 'Bearer ${shop}' };
  const name = `namer-${randomUUID().slice(0, 8)}`;
  const made = await json<AgentAnswer>(
    await api.ask('POST', '/api/agents', { name, mcp_servers: [{ ...shop(), headers }] }),
  );
  expect(made.mcp_servers).toEqual([{ ...shop(), headers }]);
  world.openai.script({ calls: [{ name: 'shop__double', arguments: { n: 2 } }] });
  const answer = await api.ask('POST', '/api/chat', { agent_id: name, message: 'Do it.', stream: false });
  const { run_id, response } = await json<{ run_id: string; response: string }>(answer);
  expect(response).not.toBe('');
  expect(http.seen).toContain(`Bearer ${kept}`);
  const { events } = await world.client.workflow.getHandle(run_id).fetchHistory();
  expect(
    JSON.stringify(events, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    ),
  ).not.toContain(kept);
});

test.each([
  ['that is for another server', '${bank}'],
  ['that there is not', '${nobody}'],
])('a secret %s is refused, and sent to nobody', async (_, named) => {
  http.seen.length = 0;
  const agent = { name: 'shopper', mcp_servers: [{ ...shop(), headers: { Authorization: named } }] };
  const handle = await world.start('agent', { agent, messages: [{ role: 'user', content: 'Do it.' }] });
  await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'McpRefused' } } });
  expect(http.seen).toEqual([]);
});
