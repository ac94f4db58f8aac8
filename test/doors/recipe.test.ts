// A workflow is one file and one line: docs/writing-a-workflow.md, done as it says, in a copy of the sources.
import { appendFile, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Catalogue } from '../../api/catalogue.ts';
import type { bundle } from '../../worker/bundle.ts';
import { ended } from '../api-fork-stage.ts';
import { type ApiStage, json, openApiStage } from '../api-stage.ts';
import { defaultAnswer } from '../openai.ts';
import { openWorld, type World } from '../world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = ['activities', 'api', 'temporal', 'worker', 'workflows', 'package.json'];

let copy: string;
let world: World;
let api: ApiStage;

/** The code that stands under the path of a file. */
function codeOf(page: string, path: string): string {
  const [, code] = new RegExp(`\`${path}\`:\\n\\n\`\`\`ts\\n(.*?)\`\`\``, 's').exec(page) ?? [];
  if (code === undefined) throw new Error(`The page has no ${path}.`);
  return code;
}

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'waymark-recipe-'));
  for (const source of sources) await cp(join(root, source), join(copy, source), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));

  const page = await readFile(join(root, 'docs/writing-a-workflow.md'), 'utf8');
  await writeFile(join(copy, 'workflows/haiku.ts'), codeOf(page, 'workflows/haiku.ts'));
  await appendFile(join(copy, 'workflows/index.ts'), codeOf(page, 'workflows/index.ts'));

  const at = (path: string) => pathToFileURL(join(copy, path)).href;
  const catalogue: Catalogue = { ...(await import(/* @vite-ignore */ at('workflows/index.ts'))) };
  const worker: { bundle: typeof bundle } = await import(/* @vite-ignore */ at('worker/bundle.ts'));
  const { code } = await worker.bundle();
  await writeFile(join(copy, 'bundle.js'), code);
  world = await openWorld({ bundle: join(copy, 'bundle.js') });
  api = await openApiStage(world, { catalogue });
}, 120_000);
afterAll(async () => {
  await api?.close();
  await world?.close();
  await rm(copy, { recursive: true, force: true });
});

const improved = () => defaultAnswer(`Make this haiku better: ${defaultAnswer('A haiku about the sea.')}`);

test('it is executed, read and listed as a flow', async () => {
  const answer = await api.ask('POST', '/api/v1/haiku/execute', { topic: 'the sea' });
  const { execution_id, message } = await json<{ execution_id: string; message: string }>(answer);
  expect(message).toBe(`Haiku execution initiated with ID: ${execution_id}`);
  const read = async () => json<object>(await api.ask('GET', `/api/v1/haiku/execution/${execution_id}`));
  await expect.poll(read).toMatchObject({ flow_name: 'haiku', status: 'completed', result: { haiku: improved() } });
  const list = await json<object[]>(await api.ask('GET', '/api/v1/executions?flow_name=haiku&limit=1000'));
  expect(list).toContainEqual(await read());
  expect((await api.ask('POST', '/api/v1/haiku/execute', { topic: 5 })).status).toBe(422);
});

test('it is a run as all others: streamed, with its steps by their names', async () => {
  const stream = await api.ask(
    'POST',
    '/api/workflows/haiku/runs',
    { input: { topic: 'the sea' } },
    { accept: 'text/event-stream' },
  );
  expect(await stream.text()).toMatch(/event: content_delta[^]*event: run_completed/);
  const run = await ended(api, await api.start('haiku', { topic: 'the sea' }));
  expect(run.steps.map(({ name }) => name)).toEqual(['draft', 'improve']);
});

test('it is in the lists and in the document, with its own input', async () => {
  const schema = { type: 'object', properties: { topic: { type: 'string', minLength: 1 } }, required: ['topic'] };
  const { items } = await json<{ items: object[] }>(await api.ask('GET', '/api/workflows'));
  expect(items).toContainEqual({
    name: 'haiku',
    description: 'Writes a haiku.',
    input_schema: expect.objectContaining(schema),
    takes_messages: false,
  });
  expect(await json<object>(await api.ask('GET', '/'))).toMatchObject({
    flows: expect.arrayContaining([
      { name: 'haiku', execute: '/api/v1/haiku/execute', execution: '/api/v1/haiku/execution/{id}' },
    ]),
  });
  const { paths } = await json<{ paths: Record<string, object> }>(await api.ask('GET', '/openapi.json'));
  expect(paths['/api/v1/haiku/execute']).toMatchObject({
    post: { tags: ['haiku'], requestBody: { content: { 'application/json': { schema } } } },
  });
  expect(paths['/api/v1/haiku/execution/{id}']).toMatchObject({ get: { tags: ['haiku'] } });
  expect(paths['/api/workflows/haiku/runs']).toHaveProperty('post');
  expect(await (await api.ask('GET', '/metrics')).text()).toMatch(
    /^waymark_runs_started_total\{workflow="haiku"\} \d+$/m,
  );
});
