// Python's openai package and httpx, unchanged, against a real service. The packages are kept in the user's cache.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiStage, json, openApiStage } from './api-stage.ts';
import { defaultAnswer } from './openai.ts';
import { preparedPython, programAt } from './venv.ts';
import { openWorld, type World } from './world.ts';

const run = promisify(execFile);

let world: World;
let api: ApiStage;
let server: ReturnType<typeof serve>;
let base: string;
let python: string;
const model = `python-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  python = await preparedPython();
  world = await openWorld();
  api = await openApiStage(world);
  server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await once(server, 'listening');
  const at = server.address();
  base = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  for (const name of [model, 'assistant']) await api.ask('POST', '/api/agents', { name });
}, 300_000);
afterAll(async () => {
  server.close();
  await api.close();
  await world.close();
});

const found = (stdout: string): Record<string, unknown> =>
  Object.assign(
    {},
    ...stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  );

test('the openai package for Python: models, completions, responses, streams that break, errors', async () => {
  world.openai.script({ match: 'python background', tokens: 25, tokenMs: 20 });
  world.openai.script({ match: 'python cancelled', tokens: 300, tokenMs: 20 });
  const { stdout } = await run(python, [programAt('openai_door.py'), base, model], { timeout: 50_000 });
  const background = defaultAnswer('python background', 25);
  expect(found(stdout)).toEqual({
    models: true,
    completion: [defaultAnswer('python plain'), 'stop', true],
    chunks: defaultAnswer('python chunks'),
    usage: true,
    response: ['completed', defaultAnswer('python response'), { k: 'v' }],
    stream: [defaultAnswer('python stream'), defaultAnswer('python stream')],
    background: [background, true, background],
    previous: true,
    cancelled: 'cancelled',
    errors: [
      ['NotFoundError', 'model_not_found'],
      ['BadRequestError', 'n_not_supported'],
      ['NotFoundError', 'response_not_found'],
      ['NotFoundError', 'response_not_found'],
    ],
  });
});

/** As they stand in the document of the system whose clients come here, but for the address. */
const documented = `
import httpx

# List agents
response = httpx.get("http://localhost:8000/api/agents")
agents = response.json()

# Chat (non-streaming)
response = httpx.post(
    "http://localhost:8000/api/chat",
    json={
        "agent_id": "assistant",
        "message": "Hello!",
        "stream": False
    }
)
result = response.json()
print(result["response"])

with httpx.stream(
    "POST",
    "http://localhost:8000/api/chat",
    json={
        "agent_id": "assistant",
        "message": "Tell me a story",
        "stream": True
    },
    headers={"Accept": "text/event-stream"}
) as response:
    for line in response.iter_lines():
        if line.startswith("data:"):
            data = line[5:].strip()
            print(data)
`;

test('the lines of the documented Python client, with httpx', async () => {
  world.openai.script({ match: 'Tell me a story', tokens: 12, tokenMs: 20 });
  const { stdout } = await run(python, ['-c', documented.replaceAll('http://localhost:8000', base)]);
  const [answer, ...lines] = stdout.trim().split('\n');
  expect(answer).toBe(defaultAnswer('Hello!'));
  const data = lines.map((line): { content?: string; run_id?: string; response?: string } => JSON.parse(line));
  expect(data[0]).toMatchObject({ run_id: expect.any(String), session_id: expect.any(String) });
  expect(data.map(({ content = '' }) => content).join('')).toBe(defaultAnswer('Tell me a story', 12));
  expect(data.at(-1)).toMatchObject({ response: defaultAnswer('Tell me a story', 12) });
  const agents = await json<{ items: { id: string }[] }>(await fetch(`${base}/api/agents?limit=1000`));
  expect(agents.items.map(({ id }) => id)).toContain('assistant');
});
