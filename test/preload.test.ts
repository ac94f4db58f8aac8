// What runs share of zod must leave every schema usable: it is frozen (workflows/runtime/preload.ts).
import { readFileSync } from 'node:fs';
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
