// The sandbox, made from the environment; what becomes of its preparing is told in the log.
import type { Logger } from 'pino';
import { sandboxConfig } from '../activities/sandbox/config.ts';
import { createSandbox } from '../activities/sandbox/create.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import type { TemporalConfig } from '../temporal/config.ts';
import type { Environment } from './environment.ts';

/** Waits for nothing: the sandbox prepares itself in the background. */
export function openSandbox(environment: Environment, { data }: TemporalConfig, log: Logger): Sandbox {
  const note = (line: string) => log.info(line);
  const sandbox = createSandbox({ ...sandboxConfig(environment, data), note });
  void tell(sandbox, log);
  return sandbox;
}

async function tell(sandbox: Sandbox, log: Logger): Promise<void> {
  const state = await sandbox.prepared();
  if (state.kind === 'ready') log.info({ python: state.python }, 'Python programs can be run.');
  if (state.kind === 'unavailable') log.warn(`Python programs cannot be run. ${state.reason}`);
}
