// The processes that are measured and measured against: service with Temporal, floor, model.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nextFree } from '../temporal/ports.ts';
import { type Beginnings, beginningsOf } from './beginnings.ts';
import { type Child, startChild } from './child.ts';
import { type Histories, openHistories } from './histories.ts';
import { keptFolder, openSandbox, sandboxUp } from './python.ts';

export interface Bench {
  model: Child;
  floor: Child;
  service: Child;
  /** Temporal's SDK alone, beside the service, when that is measured. */
  sdk?: Child;
  temporalPid: number;
  /** What the service's steps tell of themselves. */
  beginnings: Beginnings;
  histories: Histories;
  /** Where the service's sandbox is made from, and where its functions are kept; of a service without Python, nothing. */
  python?: { directory: string; functions: string };
  close(): Promise<void>;
}

/** What not every measure needs. */
interface Extras {
  python: boolean;
  sdk: boolean;
}

/** @param env what the processes inherit; nothing of it configures the service */
export async function openBench(env: NodeJS.ProcessEnv, extras: Extras): Promise<Bench> {
  const data = await mkdtemp(join(tmpdir(), 'waymark-bench-'));
  const children: Child[] = [];
  let histories: Histories | undefined;
  const close = async () => {
    await histories?.close();
    for (const child of children.toReversed()) await child.stop();
    await rm(data, { recursive: true, force: true });
  };
  const start = async (...[file, options]: Parameters<typeof startChild>) => {
    const child = await startChild(file, options);
    children.push(child);
    return child;
  };
  const payloads = join(data, 'waymark', 'blobs');
  try {
    await mkdir(payloads, { recursive: true });
    const python = extras.python ? { directory: keptFolder(env), functions: join(data, 'user_tasks') } : undefined;
    // Made here when it is not there yet: what pip is told by the environment is not handed on.
    if (python) await (await openSandbox(python.directory)).close();
    const model = await start('model/main.ts', { env, cwd: data });
    const floor = await start('floor/main.ts', { env, cwd: data, args: [model.url] });
    const service = await start('service/main.ts', {
      flags: ['--import', new URL('../worker/threads/main.ts', import.meta.url).href],
      env: { ...env, ...(await settings(data, model.url, python?.directory)) },
      cwd: data,
    });
    const { temporal } = service;
    if (!temporal) throw new Error('The service has not said which Temporal server it uses.');
    histories = openHistories(temporal, payloads);
    const { address, namespace } = temporal;
    const sdk = extras.sdk ? await start('sdk/main.ts', { env, cwd: data, args: [address, namespace] }) : undefined;
    if (python) await sandboxUp(service.url);
    const beginnings = beginningsOf(service.lines);
    return { model, floor, service, sdk, temporalPid: temporal.pid, beginnings, histories, python, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function settings(data: string, model: string, python: string | undefined): Promise<NodeJS.ProcessEnv> {
  const port = await nextFree(20_000 + Math.floor(Math.random() * 10_000));
  return {
    WAYMARK_DATA: join(data, 'waymark'),
    ...(python === undefined ? { SANDBOX_OFF: '1' } : { SANDBOX_DIR: python }),
    API_PORT: '0',
    TEMPORAL_PORT: `${port}`,
    TEMPORAL_UI_PORT: `${await nextFree(port + 1)}`,
    OPENAI_BASE_URL: model,
    OPENAI_API_KEY: 'bench',
    WAYMARK_WORKER_SLOTS: '100',
    LOG_LEVEL: 'silent',
  };
}
