// The workflows of the tests, bundled once for the whole test run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { bundle } from '../worker/bundle.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Path of the bundle of test/workflows/index.ts. */
    workflowBundle: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-bundle-'));
  const path = join(folder, 'workflows.js');
  const workflows = fileURLToPath(new URL('./workflows/index.ts', import.meta.url));
  const { code } = await bundle(workflows);
  await writeFile(path, code);
  project.provide('workflowBundle', path);
  return () => rm(folder, { recursive: true, force: true });
}
