// Tools of servers that speak MCP: what the model is offered, what a call becomes, and what is left when a server or the worker ends.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Agents, called, openAgents } from './agents.ts';
import { fork, historyOf, idOf } from './forks.ts';
import { type Asked, type HttpTools, openHttpTools } from './mcp-server.ts';
import { inState } from './scenarios.ts';

const program = fileURLToPath(new URL('mcp-server.ts', import.meta.url));
let agents: Agents;
let http: HttpTools;
let ledger: string;

beforeAll(async () => {
  http = await openHttpTools();
  ledger = join(await mkdtemp(join(tmpdir(), 'waymark-mcp-')), 'ledger');
  agents = await openAgents({
    pages: { allow: [http.url, 'http://127.0.0.1:9'] },
    mcp: { commands: [`${process.execPath} ${program}`], idleMs: 2000, callMs: 2500 },
  });
});
afterAll(async () => {
  await agents.close();
  await http.close();
});
afterEach(() => {
  agents.openai.reset();
  http.asked.length = 0;
});

const shop = () => ({ name: 'shop', kind: 'http', url: http.url });
const local = (file = ledger) => ({
  name: 'local',
  kind: 'stdio',
  command: process.execPath,
  args: [program],
  env: { LEDGER: file },
});

const asked = (file = ledger): Asked[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line): Asked => JSON.parse(line));
const pids = (file = ledger) =>
  asked(file)
    .filter(({ tool }) => tool === 'pid')
    .map(({ args }) => Number(args));
/** One that has ended and that nobody has asked how does not. */
const lives = (pid: number) => {
  try {
    process.kill(pid, 0);
    const stat = existsSync('/proc') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return !/\) Z /.test(stat);
  } catch {
    return false;
  }
};

/** An agent that calls these tools in its first turn, and what it was told of them. */
async function calling(server: object, ...calls: { name: string; arguments?: object }[]): Promise<string[]> {
  agents.openai.script({ calls: calls.map(({ name, arguments: given = {} }) => ({ name, arguments: given })) });
  const run = await agents.begin({ mcp_servers: [server] }, 'Do it.');
  await run.result();
  return agents.told(1);
}

test.each(['http', 'stdio'])(
  'the tools of a server by %s are offered to the model, and a call is a step',
  async (kind) => {
    const server = kind === 'http' ? shop() : local();
    agents.openai.script({ calls: [{ name: `${server.name}__double`, arguments: { n: 21 } }] });
    const run = await agents.begin({ mcp_servers: [{ ...server, tools: ['double', 'set.it'] }] }, 'Double it.');
    await run.result();
    const [first] = agents.openai.ledger;
    expect(first?.asked?.tools.map(({ name }) => name)).toEqual([
      `${server.name}__double`,
      expect.stringMatching(new RegExp(`^${server.name}__set_it_[0-9a-f]{8}$`)),
    ]);
    expect(agents.told(1)).toEqual(['42']);
    expect(await called(run, 'listTools')).toHaveLength(1);
    expect(await called(run, 'callTool')).toMatchObject([
      { tool: `${server.name}__double`, args: '{"n":21}', server: { tool: 'double', effect: 'none' } },
    ]);
    const calls = kind === 'http' ? http.asked : asked().filter(({ tool }) => tool === 'double');
    expect(calls).toEqual([{ tool: 'double', args: { n: 21 }, key: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  },
);

test('a tool that was not named is not offered, and not called', async () => {
  const told = await calling({ ...shop(), tools: ['double'] }, { name: 'shop__pay', arguments: { n: 1 } });
  expect(told).toEqual(['Tool shop__pay not found.']);
  expect(http.asked).toEqual([]);
});

test('what a tool answers with, the model is told: errors, long texts cut, pictures described', async () => {
  const told = await calling(
    shop(),
    { name: 'shop__fails' },
    { name: 'shop__long' },
    { name: 'shop__picture' },
    { name: 'shop__double', arguments: { n: 'four' } },
  );
  expect(told).toEqual([
    'shop__fails failed: No such account.',
    expect.stringMatching(/^x+\n\[cut: 100000 characters more\]$/),
    'A dot:\n[image, image/png, 3 bytes: not shown]',
    expect.stringMatching(/^shop__double failed: .*(expected number|Invalid)/s),
  ]);
});

test('a call that takes too long is given up and taken back, and the model is told', async () => {
  const told = await calling(shop(), { name: 'shop__wait', arguments: { n: 60_000 } });
  expect(told).toEqual([
    'shop__wait failed: the tool server shop did not answer within 2.5 seconds. Whether the call was made is not known.',
  ]);
  await expect.poll(() => http.asked.map(({ tool }) => tool)).toEqual(['wait', 'wait cancelled']);
});

test('a cancel of the run reaches the server', async () => {
  agents.openai.script({ calls: [{ name: 'shop__wait', arguments: { n: 60_000 } }] });
  const run = await agents.begin({ mcp_servers: [shop()] }, 'Wait.');
  await expect.poll(() => http.asked).toHaveLength(1);
  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' });
  await expect.poll(() => http.asked.map(({ tool }) => tool)).toEqual(['wait', 'wait cancelled']);
});

test.each(['http', 'stdio'])(
  'a server by %s that ends in mid-call is told to the model, and the next call finds it again',
  async (kind) => {
    const server = kind === 'http' ? shop() : local();
    const double = { name: `${server.name}__double`, arguments: { n: 2 } };
    agents.openai.script({ calls: [{ name: `${server.name}__dies`, arguments: {} }] });
    agents.openai.script({ calls: [double] });
    const run = await agents.begin({ mcp_servers: [server] }, 'Do it.');
    await run.result();
    expect(agents.told(1)).toEqual([expect.stringMatching(/failed: .*Whether the call was made is not known\.$/)]);
    expect(agents.told(2).at(-1)).toBe('4');
    expect(await called(run, 'callTool')).toHaveLength(2);
  },
);

test('an answer of more than 10 MB is not read', async () => {
  const servers = [local(), shop()];
  const calls = servers.map(({ name }) => ({ name: `${name}__enormous`, arguments: {} }));
  agents.openai.script({ calls });
  const run = await agents.begin({ mcp_servers: servers }, 'Do it.');
  await run.result();
  expect(agents.told(1)).toEqual(calls.map(({ name }) => expect.stringMatching(`^${name} failed: .*broke off`)));
});

test('a session that the server has forgotten is made anew', async () => {
  await calling(shop(), { name: 'shop__pay', arguments: { n: 1 } });
  http.forget();
  agents.openai.reset();
  expect(await calling(shop(), { name: 'shop__pay', arguments: { n: 2 } })).toEqual(['Paid 2.']);
  expect(http.asked).toHaveLength(2);
});

test('20 calls at once go over one connection, which ends when it is idle', async () => {
  const file = `${ledger}-20`;
  const calls = Array.from({ length: 20 }, (_, n) => ({ name: 'local__double', arguments: { n } }));
  const told = await calling(local(file), ...calls);
  expect(told).toEqual(Array.from({ length: 20 }, (_, n) => String(n * 2)));
  const [pid, ...others] = pids(file);
  expect(others).toEqual([]);
  await expect.poll(() => lives(pid!), { timeout: 5000 }).toBe(false);
  expect(agents.mcp.open).toBe(0);
});

test('a program sees nothing of the worker but PATH', async () => {
  const [told] = await calling(local(), { name: 'local__where' });
  expect(Object.keys(JSON.parse(told!)).toSorted()).toEqual(['LEDGER', 'PATH']);
});

test.each([
  ['a command that MCP_COMMANDS does not list', { name: 'x', kind: 'stdio', command: '/bin/cat', args: [] }],
  ['another program of a listed command', { name: 'x', kind: 'stdio', command: process.execPath, args: ['-e', '1'] }],
  [
    'a variable by which a listed program would run other code',
    { ...local(), env: { NODE_OPTIONS: '--import=data:text/javascript,process.exit()' } },
  ],
  ['an address of loopback', { name: 'x', kind: 'http', url: 'http://127.0.0.1:8/' }],
  ['a private address', { name: 'x', kind: 'http', url: 'http://10.0.0.1/' }],
])('%s is refused before the model is asked', async (_, server) => {
  const run = await agents.begin({ mcp_servers: [server] }, 'Do it.');
  await expect(run.result()).rejects.toMatchObject({ cause: { cause: { type: 'McpRefused' } } });
  expect(agents.openai.ledger).toEqual([]);
});

test('a server that cannot be reached is tried four times, and the run then fails', async () => {
  const server = { name: 'x', kind: 'http', url: 'http://127.0.0.1:9' };
  const run = await agents.begin({ mcp_servers: [server] }, 'Do it.');
  await expect(run.result()).rejects.toMatchObject({
    cause: { cause: { type: 'McpUnavailable', message: expect.stringContaining('Tried 4 times') } },
  });
});

test('an approval that the agent asks for comes before the call', async () => {
  agents.openai.script({ calls: [{ name: 'shop__pay', arguments: { n: 5 } }] });
  const config = { approval_timeout_s: 0.1 };
  const run = await agents.begin({ mcp_servers: [{ ...shop(), approval: 'always' }], config }, 'Pay.');
  await run.result();
  expect(agents.told(1)).toEqual([expect.stringContaining('has not been made')]);
  expect(http.asked).toEqual([]);
});

test('headers reach the server', async () => {
  await calling({ ...shop(), headers: { Authorization: 'Bearer s3cret' } }, { name: 'shop__pay', arguments: { n: 1 } });
  expect(http.seen).toContain('Bearer s3cret');
});

test("when the worker's connections are closed no process is left, also of what a server has started", async () => {
  const file = `${ledger}-left`;
  const server = local(file);
  const withHelper = { ...server, env: { ...server.env, HELPER: '1' } };
  const world = await openAgents({ mcp: { commands: [process.execPath] } });
  world.openai.script({ calls: [{ name: 'local__double', arguments: { n: 1 } }] });
  const run = await world.begin({ mcp_servers: [withHelper] }, 'Do it.');
  await run.result();
  expect(pids(file).map(lives)).toEqual([true, true]);
  await world.close();
  await expect.poll(() => pids(file).map(lives), { timeout: 5000 }).toEqual([false, false]);
});

test('programs do not outlive a worker that is killed', async () => {
  const file = `${ledger}-killed`;
  const module = fileURLToPath(new URL('../activities/tools/mcp/stdio.ts', import.meta.url));
  const server = { ...local(file), env: { LEDGER: file, HELPER: '1' } };
  const code = `const { stdioTransport } = await import(${JSON.stringify(module)});
    await stdioTransport(${JSON.stringify(server)}, process.env.PATH).start(); setInterval(() => {}, 1000);`;
  const worker = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
  const all = () => (existsSync(file) ? pids(file) : []);
  await expect.poll(() => all().length, { timeout: 10_000 }).toBe(2);
  worker.kill('SIGKILL');
  await expect.poll(() => all().map(lives), { timeout: 5000 }).toEqual([false, false]);
});

test('a call that was in flight at the checkpoint is asked about by the fork, for its source goes on with it', async () => {
  const calls = [
    { name: 'shop__double', arguments: { n: 1 } },
    { name: 'shop__wait', arguments: { n: 1200 } },
  ];
  agents.openai.script({ calls });
  const agent = { mcp_servers: [shop()] };
  const run = await agents.begin(agent, 'Do it.');
  const { runId: timeline } = await run.describe();
  const done = async () => {
    const events = await historyOf(agents, run.workflowId);
    return idOf(events.filter((event) => event.activityTaskCompletedEventAttributes)[2] ?? {});
  };
  await expect.poll(done, { timeout: 8000 }).toBeGreaterThan(0);
  const args = [{ agent: { name: 'tester', ...agent }, messages: [{ role: 'user', content: 'Do it.' }] }];
  const source = { run: run.workflowId, timeline };
  const forked = await fork(agents, { type: 'agent', args, source, event: await done() });
  await inState(forked, 'waiting');
  const { memo } = await forked.describe();
  expect(memo?.['waiting_for']).toMatchObject([{ question: expect.stringMatching(/^shop__wait was called before/) }]);
  await run.result();
  expect(http.asked.map(({ tool }) => tool).toSorted()).toEqual(['double', 'wait']);
  await forked.terminate();
});
