// The exercise of docs/writing-a-workflow.md, on the real program: it runs with --reload while the two files are written.
import { appendFile, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../api-stage.ts';
import { openProcesses, type Processes } from '../processes.ts';
import { type Program, startProgram } from '../program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = [
  'activities',
  'api',
  'client',
  'console',
  'temporal',
  'worker',
  'workflows',
  'main.ts',
  'package.json',
];

let processes: Processes;
let copy: string;
let service: Program;
beforeAll(async () => {
  processes = await openProcesses();
  copy = await mkdtemp(join(tmpdir(), 'waymark-exercise-'));
  for (const source of sources) await cp(join(root, source), join(copy, source), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const args = ['--import', './worker/threads/main.ts', 'main.ts', '--reload'];
  service = startProgram(process.execPath, args, { env: processes.env, cwd: copy });
}, 120_000);
afterAll(async () => {
  service?.signalGroup('SIGTERM');
  await service?.ended;
  await processes?.close();
  await rm(copy, { recursive: true, force: true });
});

const ready = /The worker takes runs and steps\./g;
async function started(times: number): Promise<void> {
  await expect.poll(() => service.output().match(ready)?.length, { timeout: 120_000, interval: 200 }).toBe(times);
}

test('a workflow that is written while the service runs is executed a moment later', { timeout: 240_000 }, async () => {
  await started(1);
  const page = await readFile(join(root, 'docs/writing-a-workflow.md'), 'utf8');
  const codeOf = (path: string) => new RegExp(`\`${path}\`:\\n\\n\`\`\`ts\\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';
  await writeFile(join(copy, 'workflows/haiku.ts'), codeOf('workflows/haiku.ts'));
  await appendFile(join(copy, 'workflows/index.ts'), codeOf('workflows/index.ts'));
  await started(2);

  const flow = `${processes.api}/api/v1/haiku`;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ topic: 'the sea' });
  const { execution_id } = await json<{ execution_id: string }>(
    await fetch(`${flow}/execute`, { method: 'POST', headers, body }),
  );
  await expect
    .poll(async () => json<object>(await fetch(`${flow}/execution/${execution_id}`)), { timeout: 60_000 })
    .toMatchObject({ status: 'completed', result: { haiku: expect.any(String) } });
  expect(processes.openai.ledger).toHaveLength(2);
  expect(service.output()).not.toMatch(/^ +at /m);
});
