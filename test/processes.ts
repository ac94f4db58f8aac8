// The real programs as processes of their own, on free ports and data of their own, with a fake model provider: to be
// ended in every way there is.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { inject } from 'vitest';
import { readTemporalConfig } from '../temporal/config.ts';
import { clientConnection } from '../temporal/connection.ts';
import { readRecord } from '../temporal/record.ts';
import { clientOn } from '../worker/client.ts';
import { attributes, taskQueue } from '../workflows/runtime/messages.ts';
import { type FakeOpenAI, startOpenAI } from './openai.ts';
import { type Program, send, startProgram } from './program.ts';
import { freePort } from './temporal.ts';

/** What each says when it is ready. `worker`: with the tests' workflows; `waymark`: what npm start runs. */
const programs = {
  temporal: { main: 'temporal/main.ts', ready: /^Temporal: \S+ \((owned|joined)\)/m },
  api: { main: 'api/main.ts', ready: /^Waymark's API is at (\S+)/m },
  worker: { main: 'test/worker-main.ts', ready: /^The worker takes runs and steps\./m },
  waymark: { main: 'main.ts', ready: /The worker takes runs and steps\./ },
};
/** What the npm scripts give to node. */
const asScripts = ['--import', fileURLToPath(new URL('../worker/threads/main.ts', import.meta.url))];
export type ProgramName = keyof typeof programs;

export interface Processes {
  openai: FakeOpenAI;
  /** Of Temporal, which need not be there yet. */
  client: Client;
  /** http://host:port of the API, which keeps it when it is started again. */
  api: string;
  data: string;
  temporalPort: number;
  env: NodeJS.ProcessEnv;
  /** Starts a program and waits until it is ready. */
  run(name: ProgramName, env?: NodeJS.ProcessEnv): Promise<Program>;
  /** Starts a program. */
  spawn(name: ProgramName, env?: NodeJS.ProcessEnv): Program;
  /** Starts anything in the repository's folder, to be ended with the rest. */
  command(command: string, args: string[], env?: NodeJS.ProcessEnv): Program;
  /** Of the Temporal server that serves the data. */
  serverPid(): Promise<number>;
  /** As the API starts one, of any workflow. */
  start(workflow: string, input: unknown, id: string): Promise<WorkflowHandle>;
  /** Ends all, however they are. */
  close(): Promise<void>;
}

export async function openProcesses(): Promise<Processes> {
  const openai = await startOpenAI();
  const data = await mkdtemp(join(tmpdir(), 'waymark-processes-'));
  const [apiPort, temporalPort, uiPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
    WAYMARK_DATA: data,
    WAYMARK_TEST_WORKFLOWS: inject('workflowBundle'),
    API_PORT: `${apiPort}`,
    TEMPORAL_PORT: `${temporalPort}`,
    TEMPORAL_UI_PORT: `${uiPort}`,
    OPENAI_BASE_URL: openai.url,
    OPENAI_API_KEY: 'test',
    // Each has data of its own: pandas would be installed for each.
    SANDBOX_OFF: '1',
  };
  const running: Program[] = [];
  const connection = clientConnection({ address: `127.0.0.1:${temporalPort}` });
  const client = clientOn(connection, readTemporalConfig(env));

  const keep = (program: Program) => {
    running.push(program);
    return program;
  };
  const spawn = (name: ProgramName, more: NodeJS.ProcessEnv = {}) => {
    // Not in the repository's folder, where a .env may lie.
    const options = { env: { ...env, ...more }, cwd: data };
    return keep(startProgram(process.execPath, [...asScripts, at(programs[name].main)], options));
  };

  return {
    openai,
    client,
    api: `http://127.0.0.1:${apiPort}`,
    data,
    temporalPort,
    env,
    spawn,
    command: (command, args, more) => keep(startProgram(command, args, { env: { ...env, ...more }, cwd: at('.') })),
    async run(name, more) {
      const program = spawn(name, more);
      await program.says(programs[name].ready);
      return program;
    },
    async serverPid() {
      const record = await readRecord(data);
      if (!record) throw new Error('No Temporal server serves the data.');
      return record.pid;
    },
    start: (workflow, input, id) =>
      client.workflow.start(workflow, {
        taskQueue,
        workflowId: id,
        args: [input],
        typedSearchAttributes: [{ key: attributes.Kind, value: 'run' }],
      }),
    async close() {
      const server = (await readRecord(data))?.pid;
      for (const program of running) program.signalGroup('SIGKILL');
      await Promise.all(running.map(({ ended }) => ended));
      if (server !== undefined) await endServer(server, data);
      await connection.close();
      await openai.close();
      await rm(data, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** It ends by itself, its owner gone; a test that failed may have made an owner that does not see to it. */
async function endServer(pid: number, data: string): Promise<void> {
  for (let waited = 0; waited < 50 && serves(pid, data); waited++) await sleep(100);
  if (serves(pid, data)) send(pid, 'SIGKILL');
}

/** Whether it is that process still, and not another one that has got its number. */
const serves = (pid: number, data: string): boolean =>
  table().some((row) => row.pid === pid && row.command.includes(data));

/** What a process has started, and what that has, and so on; what left its process group too. */
export function descendantsOf(pid: number): number[] {
  const rows = table();
  const below = (parent: number): number[] =>
    rows.filter(({ ppid }) => ppid === parent).flatMap((row) => [row.pid, ...below(row.pid)]);
  return below(pid);
}

export const isAlive = (pid: number): boolean =>
  table().some((row) => row.pid === pid && !row.command.includes('<defunct>'));

function table(): { pid: number; ppid: number; command: string }[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, ppid, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), command }];
  });
}
