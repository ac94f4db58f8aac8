// Lists sessions, those that began last first.
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { literal } from '../runs/keyword.ts';
import type { Page } from '../runs/list.ts';
import { toldOf } from './read.ts';
import { rowOf, type SessionRow } from './shape.ts';

export interface SessionFilter {
  agent_id?: string;
  user_id?: string;
}

const listMs = 6000;

export async function listSessions(
  deps: Core,
  filter: SessionFilter,
  { limit, offset }: Page,
): Promise<{ total: number; items: SessionRow[] } & Page> {
  const query = queryOf(filter);
  // The short call first: it fails soon when Temporal is away.
  const { count } = await withDeadline(deps, () => deps.records.count(query));
  const { items, hidden } = await withDeadline(
    deps,
    () => readPage(deps, query, limit, offset),
    Math.max(listMs, deps.config.deadlineMs ?? 0),
  );
  return { total: Math.max(count - hidden, 0), items, limit, offset };
}

/** Visibility gives open ones by their start, newest first; what comes before the page has to be read. */
async function readPage(deps: Core, query: string, limit: number, offset: number) {
  const items: SessionRow[] = [];
  let seen = 0;
  let hidden = 0;
  for await (const record of deps.records.list({ query, pageSize: Math.min(offset + limit, 1000) })) {
    if (deps.removed.has(record)) hidden++;
    else if (seen++ >= offset) items.push(rowOf(toldOf(record)));
    if (items.length === limit) break;
  }
  return { items, hidden };
}

function queryOf({ agent_id, user_id }: SessionFilter): string {
  return [
    `Kind = 'session' AND ExecutionStatus = 'Running'`,
    ...(agent_id === undefined ? [] : [`Agent = ${literal(agent_id)}`]),
    ...(user_id === undefined ? [] : [`User = ${literal(user_id)}`]),
  ].join(' AND ');
}
