// The shipped tools, each by what it says and what it leaves.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { valueOf } from '../activities/tools/arithmetic.ts';
import { toolNamed, tools } from '../activities/tools/index.ts';
import type { ToolContext } from '../activities/tools/tool.ts';
import { stubSandbox } from './stub-sandbox.ts';

let data: string;
beforeAll(async () => void (data = await mkdtemp(join(tmpdir(), 'waymark-tools-'))));
afterAll(() => rm(data, { recursive: true, force: true }));

const context = (key = 'a'.repeat(64)): ToolContext => ({
  data,
  key,
  sandbox: stubSandbox,
  signal: new AbortController().signal,
  fetchPage: ({ url }) => Promise.resolve({ url, status: 200, title: 'T', text: 'x'.repeat(50_000), chars: 50_000 }),
});

async function run(name: string, args: unknown, key?: string): Promise<unknown> {
  const ready = toolNamed(name)?.read(args);
  if (ready?.kind !== 'run') throw new Error(JSON.stringify(ready));
  return ready.run(context(key));
}

test.each([
  ['2 + 3 * 4', 14],
  ['(2 + 3) * 4', 20],
  ['2 ^ 3 ^ 2', 512],
  ['-2 ^ 2', -4],
  ['10 % 4 - 1', 1],
  ['sqrt(16) + max(1, 2, 3)', 7],
  ['.5e1 / 2', 2.5],
  ['2**-1', 0.5],
  ['2 * pi', 2 * Math.PI],
])('%s is %d', (expression, value) => {
  expect(valueOf(expression)).toBe(value);
});

test.each([
  '',
  '2 +',
  '1 2',
  '(1',
  'process.exit()',
  'constructor',
  'toString(1)',
  '1/0',
  '9^9^9',
  '('.repeat(500),
  'x'.repeat(2000),
])('%j is refused', (expression) => {
  expect(() => valueOf(expression)).toThrow(/expression|arithmetic|parenthesis|Nothing is expected/);
});

test('the knowledge base finds the article that is about it', async () => {
  expect(await run('search_knowledge', { query: 'How do I get a refund?' })).toMatchObject({
    found: [{ article: 'billing.md', title: 'Refunds' }],
  });
  expect(await run('search_knowledge', { query: 'xyzzy' })).toBe('Nothing in the knowledge base fits.');
});

test('a ticket that is created again under the same key is the same file', async () => {
  const ticket = { title: 'Lamp', description: 'Dark', priority: 'low' };
  const first = await run('create_ticket', ticket);
  expect(await run('create_ticket', ticket)).toEqual(first);
  await run('create_ticket', ticket, 'b'.repeat(64));
  const files = await readdir(join(data, 'outbox'));
  expect(files).toHaveLength(2);
  const written: unknown = JSON.parse(await readFile(join(data, 'outbox', files[0]!), 'utf8'));
  expect(written).toMatchObject({ demo: true, kind: 'ticket', ...ticket });
});

test('a page that is very long is cut', async () => {
  expect(await run('fetch_page', { url: 'https://example.com' })).toMatchObject({ title: 'T', cut_after: 40_000 });
});

test('run_python gives the frame row by row, and says what a program raised', async () => {
  expect(await run('run_python', { code: 'def main_function(n): ...', inputs: { n: 1 } })).toEqual({
    columns: ['n'],
    rows: [[1]],
    rows_in_all: 1,
  });
  await expect(run('run_python', { code: 'raise' })).rejects.toThrow('The program raised ValueError: no');
});

test('a person is asked before an email is sent and before a program is run, and before nothing else', () => {
  expect(tools.filter(({ approval }) => approval === 'always').map(({ name }) => name)).toEqual([
    'run_python',
    'send_email',
  ]);
});

test('every tool has a description, a schema of an object, and a name that providers take', () => {
  for (const { name, description, parameters } of tools) {
    expect(name).toMatch(/^[a-z_]{1,64}$/);
    expect(description).not.toBe('');
    expect(parameters).toMatchObject({ type: 'object' });
  }
});
