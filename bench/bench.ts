// The processes that are measured and measured against: service with Temporal, floor, model.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextFree } from '../temporal/ports.ts';
import { type Child, startChild } from './child.ts';

export interface Bench {
  model: Child;
  floor: Child;
  service: Child;
  temporalPid: number;
  close(): Promise<void>;
}

/** @param env what the processes inherit; nothing of it configures the service */
export async function openBench(env: NodeJS.ProcessEnv): Promise<Bench> {
  const data = await mkdtemp(join(tmpdir(), 'waymark-bench-'));
  const children: Child[] = [];
  const close = async () => {
    for (const child of children.toReversed()) await child.stop();
    await rm(data, { recursive: true, force: true });
  };
  const start = async (...[file, options]: Parameters<typeof startChild>) => {
    const child = await startChild(file, options);
    children.push(child);
    return child;
  };
  try {
    const model = await start('model/main.ts', { env, cwd: data });
    const floor = await start('floor/main.ts', { env, cwd: data, args: [model.url] });
    const service = await start('service/main.ts', {
      flags: ['--import', new URL('../worker/threads/main.ts', import.meta.url).href],
      env: { ...env, ...(await settings(data, model.url)) },
      cwd: data,
    });
    if (service.temporalPid === undefined) throw new Error('The service has not said which Temporal server it uses.');
    return { model, floor, service, temporalPid: service.temporalPid, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function settings(data: string, model: string): Promise<NodeJS.ProcessEnv> {
  const port = await nextFree(20_000 + Math.floor(Math.random() * 10_000));
  return {
    WAYMARK_DATA: join(data, 'waymark'),
    API_PORT: '0',
    TEMPORAL_PORT: `${port}`,
    TEMPORAL_UI_PORT: `${await nextFree(port + 1)}`,
    OPENAI_BASE_URL: model,
    OPENAI_API_KEY: 'bench',
    WAYMARK_WORKER_SLOTS: '100',
    LOG_LEVEL: 'silent',
  };
}
