// A Temporal server that is not ours: nothing is altered there unasked, and what it lacks is named.
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { openTemporal } from '../temporal/access.ts';
import { readTemporalConfig } from '../temporal/config.ts';
import { endingOf } from '../temporal/ending.ts';
import { answers } from '../temporal/health.ts';
import { lacksOf } from '../temporal/schema.ts';
import { checkSetup, setUp } from '../temporal/setup.ts';
import { TemporalTrouble } from '../temporal/trouble.ts';
import { attributes } from '../workflows/runtime/messages.ts';
import { freePort } from './temporal.ts';

const main = fileURLToPath(new URL('../temporal/main.ts', import.meta.url));

let address: string;
let connection: Connection;
let lines: string[];
let stop: () => Promise<void>;
const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };

beforeEach(async () => {
  lines = [];
  const port = await freePort();
  address = `127.0.0.1:${port}`;
  const flags = ['--headless', '--port', `${port}`, '--log-level', 'never'];
  const child = spawn(inject('temporalBinary'), ['server', 'start-dev', ...flags], { stdio: 'ignore' });
  const ended = endingOf(child);
  while (!(await answers(address, 'default'))) if (child.exitCode !== null) throw new Error((await ended).how);
  connection = await Connection.connect({ address });
  stop = async () => {
    await connection.close();
    child.kill();
    await ended;
  };
});
afterEach(() => stop());

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

const runMain = (args: string[], env: Record<string, string> = {}) =>
  promisify(execFile)(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TEMPORAL_ADDRESS: address, ...env },
  });

const runCli = (args: string[]) => promisify(execFile)(inject('temporalBinary'), ['--address', address, ...args]);

/** The arguments of the commands in an error, as a shell would split them. */
const commandsIn = (error: unknown): string[][] =>
  [...String(error).matchAll(/npm run temporal -- (.*)/g)].map(([, args = '']) => args.split(' '));

test('what it lacks is one error with a command for each, and nothing was added', async () => {
  const { config: before } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  const config = readTemporalConfig({ TEMPORAL_ADDRESS: address });
  const error = await failure(openTemporal(config, log));
  expect(error).toBeInstanceOf(TemporalTrouble);
  expect(error).toMatchObject({
    type: 'temporal_not_set_up',
    what_to_do: expect.stringContaining('npm run temporal:setup'),
  });
  for (const { name } of Object.values(attributes)) expect(String(error)).toMatch(`--name ${name} --type`);
  expect(String(error)).toMatch(/kept for 1 days only[^]*--retention 90d/);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
  expect(customAttributes).toEqual({});
  const { config: after } = await connection.workflowService.describeNamespace({ namespace: 'default' });
  expect(after).toEqual(before);
});

test('the commands that the error names add all that lacks', async () => {
  const error = await failure(checkSetup(connection, 'fresh', log));
  const commands = commandsIn(error);
  expect(commands).toHaveLength(1 + Object.keys(attributes).length);
  const [namespaceFirst = [], ...others] = commands;
  await runCli(namespaceFirst);
  await expect.poll(() => answers(address, 'fresh'), { timeout: 10_000 }).toBe(true);
  for (const args of others) await expect.poll(() => failure(runCli(args)), { timeout: 10_000 }).toBe(undefined);
  expect(await lacksOf(connection, 'fresh')).toEqual([]);
});

test('temporal:setup adds all that lacks, a run with attributes can be started, and a second time changes nothing', async () => {
  const { stderr } = await runMain(['setup'], { TEMPORAL_NAMESPACE: 'fresh' });
  expect(stderr).toMatch(/Added: The namespace fresh[^]*Added: Search attribute Kind \(Keyword\)/);
  await checkSetup(connection, 'fresh', log);
  const client = new Client({ connection, namespace: 'fresh' });
  const typedSearchAttributes = [{ key: attributes.Tags, value: ['a', 'b'] }];
  await client.workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'w', typedSearchAttributes });
  await expect.poll(async () => (await client.workflow.count("Tags = 'a'")).count, { timeout: 10_000 }).toBe(1);
  await setUp(connection, 'fresh', log);
  expect(lines).toEqual(['Namespace fresh has all that Waymark needs.']);
});

test('a short retention alone is a line in the log, not an error', async () => {
  await setUp(connection, 'default', log);
  const retention = { workflowExecutionRetentionTtl: { seconds: (await secondsOf('default'))?.div(90) } };
  await connection.workflowService.updateNamespace({ namespace: 'default', config: retention });
  lines = [];
  await checkSetup(connection, 'default', log);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/kept for 1 days only.*namespace update --namespace default --retention 90d/);
});

const secondsOf = async (namespace: string) =>
  (await connection.workflowService.describeNamespace({ namespace })).config?.workflowExecutionRetentionTtl?.seconds;

test('an attribute that is there with another type needs another namespace', async () => {
  const { INDEXED_VALUE_TYPE_INT } = proto.temporal.api.enums.v1.IndexedValueType;
  await connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: { Kind: INDEXED_VALUE_TYPE_INT },
  });
  const error = await failure(setUp(connection, 'default', log));
  expect(String(error)).toMatch(/Kind is there with another type than Keyword[^]*TEMPORAL_NAMESPACE/);
  expect(await lacksOf(connection, 'default')).toContainEqual(expect.objectContaining({ name: 'Agent' }));
});

test('a server that does not answer is no error at the start', async () => {
  const config = readTemporalConfig({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  const temporal = await openTemporal(config, log);
  expect(temporal).toMatchObject({ kind: 'external', namespace: 'default' });
  expect(lines[0]).toMatch(/could not be seen/);
});

test('the CLI speaks to the configured server, and its exit code is passed on', async () => {
  const { stdout } = await runMain(['operator', 'namespace', 'list', '--output', 'json']);
  expect(stdout).toMatch('"default"');
  const error = await failure(runMain(['workflow', 'describe', '--workflow-id', 'no-such-run']));
  expect(error).toMatchObject({ code: 1, stderr: expect.stringMatching(/not found/i) });
});
