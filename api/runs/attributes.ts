// What a run's search attributes and memo say of it, checked: a run begun by anyone may carry anything there.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { changed, type Limits } from '../../workflows/runtime/limits.ts';
import { attributes, type Forked, type MemoKey, type WaitingFor } from '../../workflows/runtime/messages.ts';
import { shownOwner } from '../auth/owner.ts';
import { waiting } from '../events/shape.ts';
import { checkpointId } from './checkpoint-id.ts';
import { createdAt } from './current.ts';
import { shown } from './keyword.ts';

/** The part of listed and described runs that both have. */
export type Told = Pick<WorkflowExecutionInfo, 'workflowId' | 'typedSearchAttributes' | 'memo' | 'startTime'>;

export interface Labels {
  agent_id: string | null;
  user_id: string | null;
  session_id: string | null;
  /** Whose it is, as people know it. */
  owner: string | null;
  tags: string[];
  created_at: string;
}

export function labelsOf(run: Told): Labels {
  const { typedSearchAttributes: has } = run;
  const whose = has.get(attributes.Owner);
  return {
    agent_id: text(has.get(attributes.Agent)),
    user_id: text(has.get(attributes.User)),
    session_id: text(has.get(attributes.Session)),
    owner: whose === undefined ? null : shownOwner(whose),
    tags: (has.get(attributes.Tags) ?? []).map(shown),
    created_at: new Date(createdAt(run)).toISOString(),
  };
}

export interface Lineage {
  /** The run that it was forked from. */
  forked_from: string | null;
  /** Where, as a checkpoint of that run. */
  checkpoint_id: string | null;
  root: string;
  description: string | null;
}

export function lineageOf(run: Told): Lineage {
  const has = run.typedSearchAttributes;
  const forked = forkedOf(run);
  return {
    forked_from: forked?.run ?? text(has.get(attributes.ForkedFrom)),
    checkpoint_id: forked ? checkpointId(forked) : null,
    root: text(has.get(attributes.RootRun)) ?? run.workflowId,
    description: forked?.description ?? null,
  };
}

const text = (keyword: string | undefined): string | null => (keyword === undefined ? null : shown(keyword));

const memo = <T>(run: Told, key: MemoKey, shape: z.ZodType<T>): T | undefined => shape.safeParse(run.memo?.[key]).data;

const forked: z.ZodType<Forked> = z.object({
  run: z.string(),
  timeline: z.string(),
  event: z.number(),
  within: z.string().optional(),
  description: z.string().optional(),
});

export const forkedOf = (run: Told): Forked | undefined => memo(run, 'forked', forked);
/** As they are now. */
export function limitsOf({ memo }: Told): Limits | null {
  const now: MemoKey = 'limits_now';
  const first: MemoKey = 'limits';
  return changed(undefined, memo?.[now] === undefined ? memo?.[first] : memo[now]) ?? null;
}
export const waitingOf = (run: Told): WaitingFor[] => memo(run, 'waiting_for', waiting) ?? [];
export const metadataOf = (run: Told): Record<string, unknown> =>
  memo(run, 'metadata', z.record(z.string(), z.unknown())) ?? {};
export const queryOf = (run: Told): string | null => memo(run, 'query', z.string()) ?? null;
