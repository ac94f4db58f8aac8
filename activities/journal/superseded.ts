// What a native reset has superseded: the state in which the run was when this timeline took its place.
import { Context } from '@temporalio/activity';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { HistoryReader } from './reader.ts';

/** Its name. It is about how the run is listed: no journal has it, and no stream. */
export const supersededActivity = 'readSuperseded';

/** The patch of runs that ask for it: for others as if it were not there. */
export const supersededPatch = 'runtime/7';

/** As lists tell it of an ended run. */
export type EndState = 'completed' | 'failed' | 'cancelled';

/** Null: nothing that lists would count. */
export type ReadSuperseded = () => Promise<EndState | null>;

export function createReadSuperseded(client: Client, read: HistoryReader): ReadSuperseded {
  return async () => {
    const { workflowExecution: self } = Context.current().info;
    if (!self) return null;
    const { workflowId: run, runId: timeline } = self;
    // A reset ends what was running, which need not be what it copies; visibility may not have heard of that yet.
    const others = new Set([...(await basesOf({ run, timeline }, read)), ...(await listed(client, run))]);
    others.delete(timeline);
    const all = await Promise.all([...others].map((other) => describe(client, run, other)));
    const ended = all.flatMap((one) => (one?.closeTime ? { at: one.closeTime.getTime(), one } : []));
    const last = ended.toSorted((a, b) => a.at - b.at).at(-1);
    return last ? (states[last.one.status.name] ?? null) : null;
  };
}

const states: Partial<Record<WorkflowExecutionDescription['status']['name'], EndState>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TERMINATED: 'failed',
  TIMED_OUT: 'failed',
  CANCELLED: 'cancelled',
};

async function basesOf(self: { run: string; timeline: string }, read: HistoryReader): Promise<string[]> {
  const bases: string[] = [];
  for await (const events of read(self))
    for (const { workflowTaskFailedEventAttributes: failed } of events) {
      if (failed?.newRunId && failed.baseRunId) bases.push(failed.baseRunId);
    }
  return bases;
}

/** Visibility cannot compare some characters: a run of such a name knows its bases alone. */
const comparable = /^[^'"\\\p{Cc}]+$/u;
const mostListed = 20;

async function listed(client: Client, run: string): Promise<string[]> {
  const found: string[] = [];
  if (!comparable.test(run)) return found;
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${run}'`, pageSize: mostListed })) {
    found.push(runId);
    if (found.length >= mostListed) break;
  }
  return found;
}

async function describe(client: Client, run: string, timeline: string) {
  try {
    return await client.workflow.getHandle(run, timeline).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
