// The sandbox without a service around it, which functions are measured against, and the folder that both are made from.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createSandbox } from '../activities/sandbox/create.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';

/**
 * Kept from one time to the next: to make it takes half a minute. Root's is where the service itself has it, for root's home
 * is closed to those whom programs run as.
 */
export const keptFolder = ({ HOME = homedir(), XDG_CACHE_HOME }: NodeJS.ProcessEnv): string =>
  process.getuid?.() === 0
    ? '/var/cache/waymark/python'
    : join(XDG_CACHE_HOME ?? join(HOME, '.cache'), 'waymark', 'python');

/** @throws Error with the reason when there is none on this machine */
export async function openSandbox(directory: string): Promise<Sandbox> {
  const sandbox = createSandbox({ data: directory, directory });
  const state = await sandbox.prepared();
  if (state.kind === 'ready') return sandbox;
  await sandbox.close();
  throw new Error(`Functions cannot be measured. ${state.kind === 'unavailable' ? state.reason : ''}`);
}

const health = z.object({ components: z.object({ sandbox: z.object({ status: z.string() }) }) });

/** Settles when the service's own sandbox is up: what it does until then disturbs all measures. */
export async function sandboxUp(service: string): Promise<void> {
  for (;;) {
    const answer: unknown = await (await fetch(`${service}/api/health`)).json();
    const { status } = health.parse(answer).components.sandbox;
    if (status === 'up') return;
    if (status !== 'preparing') throw new Error(`The sandbox of the service is ${status}.`);
    await sleep(200);
  }
}
