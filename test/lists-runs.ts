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

/** Newest first. Their creation is in no order of their starts or ends; some share a millisecond. */
export async function makeRuns(client: Client, taskQueue: string, tag: string, count: number): Promise<MadeRun[]> {
  const base = Date.now() - 3_600_000;
  const runs = Array.from({ length: count }, (_, i): MadeRun => {
    // 7919 is a prime: a walk through all the places in an order that nothing else has.
    const place = Math.floor(((i * 7919) % count) / 3) * 3;
    return {
      id: `${tag}-${String(i).padStart(5, '0')}`,
      createdAt: base + place * 500,
      fate: fates[i % fates.length]!,
    };
  });
  const turns = runs.values();
  const work = async () => {
    for (const run of turns) await make(client, taskQueue, tag, run);
  };
  await Promise.all([...Array.from({ length: 12 }, work), completeSome(client, taskQueue, runs)]);
  return runs.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

/** Completed ones need a workflow task, so they have a queue of their own on which `completeSome` works. */
const queueOf = (taskQueue: string, { fate }: MadeRun): string =>
  fate === 'completed' ? `${taskQueue}-done` : taskQueue;

async function make(client: Client, taskQueue: string, tag: string, run: MadeRun): Promise<void> {
  const begin = (superseded?: string) =>
    client.workflow.start('simple', {
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
  const first = await begin();
  if (run.fate === 'open' || run.fate === 'completed') return;
  await first.terminate('made to');
  if (run.fate === 'failed') return;
  const second = await begin('failed');
  if (run.fate === 'restored') return;
  await second.terminate('made to');
  await begin('failed');
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
