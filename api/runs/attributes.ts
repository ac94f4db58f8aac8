// What a run's search attributes and memo say of it, checked: a run begun by anyone may carry anything there.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { attributes, type MemoKey, type WaitingFor } from '../../workflows/runtime/messages.ts';
import { createdAt } from './current.ts';
import { shown } from './keyword.ts';

/** The part of listed and described runs that both have. */
export type Told = Pick<WorkflowExecutionInfo, 'workflowId' | 'typedSearchAttributes' | 'memo' | 'startTime'>;

export interface Labels {
  agent_id: string | null;
  user_id: string | null;
  session_id: string | null;
  tags: string[];
  created_at: string;
}

export function labelsOf(run: Told): Labels {
  const { typedSearchAttributes: has } = run;
  return {
    agent_id: text(has.get(attributes.Agent)),
    user_id: text(has.get(attributes.User)),
    session_id: text(has.get(attributes.Session)),
    tags: (has.get(attributes.Tags) ?? []).map(shown),
    created_at: new Date(createdAt(run)).toISOString(),
  };
}

export function lineageOf({ workflowId, typedSearchAttributes: has }: Told): {
  forked_from: string | null;
  root: string;
} {
  return { forked_from: text(has.get(attributes.ForkedFrom)), root: text(has.get(attributes.RootRun)) ?? workflowId };
}

const text = (keyword: string | undefined): string | null => (keyword === undefined ? null : shown(keyword));

const waiting: z.ZodType<WaitingFor[]> = z.array(
  z.object({
    waiting_id: z.string(),
    name: z.string(),
    kind: z.enum(['question', 'approval', 'budget']),
    question: z.string(),
    since: z.string(),
  }),
);

const memo = <T>(run: Told, key: MemoKey, shape: z.ZodType<T>): T | undefined => shape.safeParse(run.memo?.[key]).data;

export const waitingOf = (run: Told): WaitingFor[] => memo(run, 'waiting_for', waiting) ?? [];
export const metadataOf = (run: Told): Record<string, unknown> =>
  memo(run, 'metadata', z.record(z.string(), z.unknown())) ?? {};
export const queryOf = (run: Told): string | null => memo(run, 'query', z.string()) ?? null;
