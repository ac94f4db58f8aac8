// Programs that try to get out: 75 that look (test/sandbox/looking.py) and 51 that grasp or lie (grasping.py). They aim at
// decoys alone. That the looking ones can reach is shown outside of the sandbox; the others never run there.
import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Outcome, Sandbox } from '../activities/sandbox/sandbox.ts';
import { showBoundary } from './sandbox-boundary.ts';
import { type Decoys, openDecoys } from './sandbox-decoys.ts';
import { json, openTestSandbox, preparingMs, runCode, sandboxDirectory } from './sandbox-stage.ts';
import { sampleOf, seed } from './sample.ts';

const folder = fileURLToPath(new URL('./sandbox', import.meta.url));
const looking = await readFile(`${folder}/looking.py`, 'utf8');
const grasping = await readFile(`${folder}/grasping.py`, 'utf8');
const namesIn = (source: string) =>
  [...source.matchAll(/^@(?:probe|nothing_outside)\ndef (\w+)/gm)].map(([, name = '']) => name);

let sandbox: Sandbox;
let decoys: Decoys;
let boundary: Promise<void>;
beforeAll(async () => {
  [sandbox, decoys] = await Promise.all([openTestSandbox(), openDecoys()]);
  boundary = showBoundary(sandbox);
  await boundary;
}, preparingMs);
afterAll(async () => {
  await sandbox?.close();
  await decoys?.close();
});

test('there are at least 80 probes', () => {
  expect(namesIn(looking).length + namesIn(grasping).length).toBeGreaterThanOrEqual(80);
});

const control = z.object({ seen: z.record(z.string(), z.string()), all: z.array(z.string()) });

test('outside of the sandbox every looking probe reaches its decoy', async () => {
  const text = await outside().finally(() => decoys.forget());
  const { seen, all } = control.parse(JSON.parse(text));
  expect(all).toEqual(namesIn(looking));
  expect(Object.keys(seen).length).toBeGreaterThan(60);
  for (const [name, text] of Object.entries(seen)) expect(text, name).not.toBe('');
  expect(Object.values(seen).filter((text) => text.includes(decoys.secret)).length).toBeGreaterThan(40);
});

/** Through a shell, so that the parent has the secret too; with the decoy open as descriptor 3, and pandas at hand. */
async function outside(): Promise<string> {
  const { decoy, secret, env } = decoys;
  const script = 'exec 3<"$1"; shift; python3 -B "$@"; exit $?';
  const args = [
    '-c',
    script,
    'sh',
    decoy.file,
    `${folder}/control.py`,
    JSON.stringify(decoy),
    await packages(),
    secret,
  ];
  const options = { env: { ...env, PATH: process.env['PATH'] }, timeout: 60_000 };
  return (await promisify(execFile)('sh', args, options)).stdout;
}

/** As they were prepared for the sandbox. */
async function packages(): Promise<string> {
  for await (const path of glob(join(sandboxDirectory, '*/root/python/site'))) return path;
  throw new Error('Nothing is prepared.');
}

const batches = Array.from({ length: Math.ceil(namesIn(looking).length / 15) }, (_, i) =>
  namesIn(looking).slice(i * 15, (i + 1) * 15),
);

test.each(batches.map((names) => ({ names })))('inside, none of $names.length sees anything', async ({ names }) => {
  const { decoy, secret } = decoys;
  const outcome = await runCode(sandbox, looking, { inputs: { names: json(names), decoy: json(decoy) } });
  expect(outcome).toMatchObject({ kind: 'result', frame: { columns: ['probe', 'seen'] } });
  if (outcome.kind !== 'result') return;
  const [probes = [], seen = []] = outcome.frame.values;
  expect(Object.fromEntries(probes.map((name, at) => [String(name), seen[at]]))).toEqual(
    Object.fromEntries(names.map((name) => [name, ''])),
  );
  expect(JSON.stringify(outcome)).not.toContain(secret);
  expect(await decoys.touched()).toEqual([]);
});

/** What their outcome may be; of the others any that tells nothing. */
const ends: Record<string, Outcome['kind'][]> = {
  answer_nested_deeply: ['exited'],
  answer_with_nested_cells: ['exited'],
  answer_with_a_prototype: ['exited'],
  answer_with_columns_of_several_lengths: ['exited'],
  answer_twice: ['exited'],
  answer_that_is_no_text: ['exited'],
  answer_that_is_huge: ['limit'],
  answer_in_the_runner_s_name: ['exited'],
  answer_as_a_pickle: ['exited'],
  cells_that_act: ['exception'],
  signal_process_1: ['result'],
  outlive: ['result'],
  work_after_the_end: ['result'],
  signals_held_off: ['limit'],
};

const limits = { time_ms: 4000, cpu_s: 3, memory: 256 * 1024 ** 2 };

test.each(sampleOf(namesIn(grasping), 14))(`%s takes nothing (seed ${seed})`, async (name) => {
  await boundary;
  const { decoy, secret } = decoys;
  const inputs = { name: json(name), decoy: json(decoy) };
  const outcome = await runCode(sandbox, grasping, { inputs, limits });
  expect(await decoys.touched()).toEqual([]);
  const told = JSON.stringify(outcome);
  expect(told).not.toContain(secret);
  expect(told).not.toContain('TAKEN');
  expect(told).not.toContain('This is no sandbox');
  expect(outcome.duration_ms).toBeLessThan(limits.time_ms + 1000);
  if (ends[name]) expect(ends[name]).toContain(outcome.kind);
});

test('and after all that the sandbox still works', async () => {
  await showBoundary(sandbox);
  expect(sandbox.state().kind).toBe('ready');
});
