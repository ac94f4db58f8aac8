// Many runs, cheaply: started on a queue where nobody works, some ended without ever having begun.
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { attributes } from '../workflows/runtime/messages.ts';
import { type ApiStage, json } from './api-stage.ts';

export type Fate = 'open' | 'failed' | 'completed' | 'restored' | 'restored twice';

export interface MadeRun {
  id: string;
  createdAt: number;
  fate: Fate;
}

const fates: Fate[] = [
  'open',
  'failed',
  'completed',
  'open',
  'failed',
  'open',
  'restored',
  'completed',
  'restored twice',
];

/**
 * Newest first. `scattered`: their creation is in no order of their starts and ends, some share a millisecond, and some
 * are restored. Else as they come in life, created when they are started; but ended long after, in no order.
 */
export async function makeRuns(
  client: Client,
  taskQueue: string,
  tag: string,
  count: number,
  scattered: boolean,
): Promise<MadeRun[]> {
  const base = Date.now() - 3_600_000;
  const runs = Array.from({ length: count }, (_, i): MadeRun => {
    const fate = fates[i % fates.length]!;
    return {
      id: `${tag}-${String(i).padStart(5, '0')}`,
      createdAt: scattered ? base + Math.floor(shuffled(i, count) / 3) * 1500 : 0,
      fate: fate.startsWith('restored') && !scattered ? 'open' : fate,
    };
  });
  const make = (run: MadeRun) => (scattered ? live(client, taskQueue, tag, run) : begin(client, taskQueue, tag, run));
  await Promise.all([inTurns(runs, make), completeSome(client, taskQueue, runs)]);
  if (!scattered) {
    const failing = runs.filter(({ fate }) => fate === 'failed');
    await inTurns(
      failing.map((_, i) => failing[shuffled(i, failing.length)]!),
      ({ id }) => client.workflow.getHandle(id).terminate('made to'),
    );
  }
  return runs.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

/** 7919 is a prime: a walk through all the places in an order that nothing else has. */
const shuffled = (i: number, count: number): number => (i * 7919) % count;

async function inTurns(runs: MadeRun[], take: (run: MadeRun) => Promise<unknown>): Promise<void> {
  const turns = runs.values();
  const work = async () => {
    for (const run of turns) await take(run);
  };
  await Promise.all(Array.from({ length: 12 }, work));
}

/** Completed ones need a workflow task, so they have a queue of their own on which `completeSome` works. */
const queueOf = (taskQueue: string, { fate }: MadeRun): string =>
  fate === 'completed' ? `${taskQueue}-done` : taskQueue;

function begin(client: Client, taskQueue: string, tag: string, run: MadeRun, superseded?: string) {
  run.createdAt ||= Date.now();
  return client.workflow.start('simple', {
    taskQueue: queueOf(taskQueue, run),
    workflowId: run.id,
    args: [],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: attributes.Kind, value: 'run' },
      { key: attributes.RunState, value: 'running' },
      { key: attributes.CreatedAt, value: new Date(run.createdAt) },
      { key: attributes.Tags, value: [tag] },
      ...(superseded ? [{ key: attributes.SupersededState, value: superseded }] : []),
    ],
  });
}

/** The run's whole life. */
async function live(client: Client, taskQueue: string, tag: string, run: MadeRun): Promise<void> {
  const first = await begin(client, taskQueue, tag, run);
  if (run.fate === 'open' || run.fate === 'completed') return;
  await first.terminate('made to');
  if (run.fate === 'failed') return;
  const second = await begin(client, taskQueue, tag, run, 'failed');
  if (run.fate === 'restored') return;
  await second.terminate('made to');
  await begin(client, taskQueue, tag, run, 'failed');
}

/** A worker that knows one thing: to complete whatever it gets. */
async function completeSome(client: Client, taskQueue: string, runs: MadeRun[]): Promise<void> {
  const { namespace } = client.options;
  let left = runs.filter(({ fate }) => fate === 'completed').length;
  while (left > 0) {
    const task = await client.withDeadline(Date.now() + 70_000, () =>
      client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name: `${taskQueue}-done` } }),
    );
    if (task.taskToken.length === 0) continue;
    left--;
    await client.workflowService.respondWorkflowTaskCompleted({
      namespace,
      taskToken: task.taskToken,
      commands: [
        {
          commandType: temporal.api.enums.v1.CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
          completeWorkflowExecutionCommandAttributes: {},
        },
      ],
    });
  }
}

/** What a list must say of a run's end; open ones are `queued`, as nobody works. */
export const statusOf = ({ fate }: MadeRun): string => (fate === 'failed' || fate === 'completed' ? fate : 'queued');

export interface ListPage {
  total: number;
  items: { id: string; status: string }[];
}

export async function listRuns(api: ApiStage, query: string): Promise<ListPage & { calls: number }> {
  const before = api.visibilityCalls();
  const answer = await api.ask('GET', `/api/runs?${query}`);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()} ${api.log.at(-2)}`);
  const { total, items } = await json<ListPage>(answer);
  return {
    total,
    items: items.map(({ id, status }) => ({ id, status })),
    calls: api.visibilityCalls() - before,
  };
}
