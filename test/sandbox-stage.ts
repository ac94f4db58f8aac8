// The real sandbox for tests, prepared once for all of them and kept: half a minute the first time.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '../activities/sandbox/create.ts';
import type { Input, Json, Outcome, Program, Sandbox } from '../activities/sandbox/sandbox.ts';

/** Open to all, as a repository in somebody's home is not; kept from one test run to the next. */
export const sandboxDirectory = join(tmpdir(), `waymark-sandbox-tests-${process.getuid?.()}`);

/** How tests make sandboxes. */
export const inTests = { data: sandboxDirectory, directory: sandboxDirectory };

/** On a new machine it is made first. */
export const preparingMs = 10 * 60_000;

export async function openTestSandbox(): Promise<Sandbox> {
  const sandbox = createSandbox(inTests);
  const state = await sandbox.prepared();
  if (state.kind === 'ready') return sandbox;
  await sandbox.close();
  throw new Error(state.kind === 'unavailable' ? state.reason : state.kind);
}

export const json = (value: Json): Input => ({ type: 'json', value });
export const noAbort = new AbortController().signal;

export const runCode = (sandbox: Sandbox, code: string, more: Partial<Program> = {}): Promise<Outcome> =>
  sandbox.run({ code, inputs: {}, ...more }, noAbort);

/** The rows of a result of text columns, or what came instead. */
export function cellsOf(outcome: Outcome): unknown {
  return outcome.kind === 'result' ? outcome.frame.values : outcome;
}
