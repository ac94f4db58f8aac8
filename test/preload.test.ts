// What runs share (preload.ts of workflows/runtime and of workflows) holds nothing of one of them, and leaves every schema usable: it is frozen.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { bundle } from '../worker/bundle.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

test('schemas of every kind can be made and used in two runs of one worker', { timeout: 60_000 }, async () => {
  const workflowBundle = await bundle(at('./workflows/schemas.ts'));
  const history: unknown = JSON.parse(readFileSync(at('./histories/simple.json'), 'utf8'));
  const runs = ['first', 'second'].map((workflowId) => ({ workflowId, history }));
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, runs)) expect(error).toBeUndefined();
});

test(
  'the copy of zod that runs share is the one that workflows use, and the only one',
  { timeout: 60_000 },
  async () => {
    const { code } = await bundle();
    expect(code).toMatch(/zod\/v4\/core\/schemas\.js"/);
    expect(code).not.toMatch(/zod\/v4\/core\/schemas\.cjs"/);
  },
);

test('no module that runs share holds state', () => {
  const shared = withImports(at('../workflows/runtime/preload.ts'));
  expect(shared.size).toBeGreaterThan(10);
  const runtimes = shared.size;
  withImports(at('../workflows/preload.ts'), shared);
  expect(shared.size).toBeGreaterThan(runtimes + 10);
  // Of a module: what is not indented.
  const variable = /^(export )?(let|var) /m;
  const collection = /^(export )?const [^=]+= (new |\[\]|\{\})/m;
  for (const file of shared) {
    const source = readFileSync(file, 'utf8');
    expect([file, variable.exec(source)?.[0], collection.exec(source)?.[0]]).toEqual([file, undefined, undefined]);
  }
});

/** The module and whatever of ours it imports values from. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*from '(\.[^']+)';/gm);
  for (const [, path] of imports) withImports(join(dirname(file), path!), found);
  return found;
}
