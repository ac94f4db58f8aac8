// Lists agents by name, from what visibility has of their definitions.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { definitionMemo } from '../../workflows/definition.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { literal } from '../runs/keyword.ts';
import type { Page } from '../runs/list.ts';
import { type AgentRow, rowOf } from './shape.ts';

/** All of them are read for a page: visibility knows no order by name. */
const listMs = 6000;

export async function listAgents(
  deps: Core,
  tag: string | undefined,
  { limit, offset }: Page,
): Promise<{ total: number; items: AgentRow[] } & Page> {
  const query = queryOf(tag);
  // A short call first: it fails soon when Temporal is away.
  await withDeadline(deps, () => deps.records.count(query));
  const all = await withDeadline(deps, () => readAll(deps, query), Math.max(listMs, deps.config.deadlineMs ?? 0));
  deps.writtenAgents.correct(all, tag, deps.mayUse);
  const byName = [...all.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { total: byName.length, items: byName.slice(offset, offset + limit), limit, offset };
}

async function readAll(deps: Core, query: string): Promise<Map<string, AgentRow>> {
  const rows = new Map<string, AgentRow>();
  for await (const record of deps.records.list({ query, pageSize: 1000 })) {
    const row = told(deps, record);
    // Newest first: an older one is there until visibility knows of its end.
    if (row && !rows.has(row.id)) rows.set(row.id, row);
  }
  return rows;
}

/** A tombstone has no Agent. */
const queryOf = (tag: string | undefined): string =>
  `Kind = 'definition' AND Agent IS NOT NULL AND ExecutionStatus = 'Running'${tag === undefined ? '' : ` AND Tags = ${literal(tag)}`}`;

/** A null in a memo is no entry at all. */
function told({ log, mayUse }: Core, record: WorkflowExecutionInfo): AgentRow | undefined {
  const { memo, workflowId, typedSearchAttributes } = record;
  const { data, error } = definitionMemo.safeParse(memo);
  if (error) log.warn({ err: error, definition: workflowId }, 'An agent that cannot be read is left out of a list.');
  const owner = typedSearchAttributes.get(attributes.Owner);
  return data && mayUse({ owner, shipped: data.shipped }) ? rowOf(data) : undefined;
}
