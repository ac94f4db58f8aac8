// What a list of runs asks of Temporal's visibility: the queries for its rows and for their number.
import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';
import { ownerOf } from '../auth/owner.ts';
import { literal } from './keyword.ts';
import type { RunStatus } from './status.ts';

/** The same status in visibility's queries and in what the client makes of its rows. */
const executionNames = {
  Completed: 'COMPLETED',
  Failed: 'FAILED',
  Terminated: 'TERMINATED',
  TimedOut: 'TIMED_OUT',
  Canceled: 'CANCELLED',
} as const satisfies Record<string, WorkflowExecutionStatusName>;

export interface RunFilter {
  agent_id?: string;
  user_id?: string;
  session_id?: string;
  /** As people know it. */
  owner?: string;
  workflow?: string;
  status?: RunStatus;
  tag?: string;
  /** Only runs that cannot proceed though they are open. */
  problem?: true;
  /** Whatever their status is; not together with one. */
  standing?: 'open' | 'ended';
}

/** CreatedAt from (inclusive) to (exclusive), in ms since the epoch. */
export interface Window {
  from?: number;
  to?: number;
  /** Only open records, or only ended ones. */
  open?: boolean;
  /** CloseTime from (inclusive), in ms since the epoch. */
  closedFrom?: number;
}

export interface RunQueries {
  /** All that the rows of a filter depend on: equal text, equal rows. */
  readonly key: string;
  /** Also finds the records that superseded one of the wanted state: see `current`. */
  readonly rows: (window: Window) => string;
  /** Whether a run is wanted whose newest record has this status. */
  readonly wants: (run: WorkflowExecutionInfo) => boolean;
  /** Grouped by ExecutionStatus when `subtracts` is there. */
  readonly count: (window: Window) => string;
  /** Whether a group of this ExecutionStatus counts against the total. */
  readonly subtracts?: (executionStatus: string) => boolean;
}

/** ExecutionStatus values, as visibility spells them, of the statuses of an ended run. */
const ended = {
  completed: ['Completed'],
  failed: ['Failed', 'Terminated', 'TimedOut'],
  cancelled: ['Canceled'],
} as const;

/** @param absent no worker is there: then every open run that is not held has a problem. */
export function queriesOf(filter: RunFilter, absent = false): RunQueries {
  const base = [`Kind = 'run' AND ExecutionStatus != 'ContinuedAsNew'`, ...conditions(filter, absent)].join(' AND ');
  const { status, standing } = filter;
  if (standing === 'ended') return endedQueries(base, Object.values(ended).flat());
  if (status === 'completed' || status === 'failed' || status === 'cancelled')
    return endedQueries(base, ended[status], status);
  const isOpen = standing === 'open' ? ` AND ExecutionStatus NOT IN (${quoted(Object.values(ended).flat())})` : '';
  const key = status === undefined ? base + isOpen : `${base} AND ${openCondition(status)}`;
  // Of a run's records, all but the first name the state of the one before. Only one of them can be open.
  const once = status === undefined && !filter.problem && !standing ? ' AND SupersededState IS NULL' : '';
  return {
    key,
    rows: (window) => key + within(window),
    wants: () => true,
    count: (window) => key + (window.open ? '' : once) + within(window),
  };
}

/**
 * total(state) = count(state) − count(SupersededState = state), in one call: the records that are in both cancel out,
 * the rest is grouped by ExecutionStatus, which tells the two apart. Without a state: of all that have ended.
 */
function endedQueries(base: string, names: readonly (keyof typeof executionNames)[], state?: string): RunQueries {
  const is = `ExecutionStatus IN (${quoted(names)})`;
  const isNot = `ExecutionStatus NOT IN (${quoted(names)})`;
  const superseding = state === undefined ? 'SupersededState IS NOT NULL' : `SupersededState = '${state}'`;
  const notSuperseding = `(SupersededState IS NULL${state === undefined ? '' : ` OR SupersededState != '${state}'`})`;
  return {
    key: `${base} AND ${is}`,
    rows: (window) => `${base} AND (${is} OR ${superseding})${within(window)}`,
    wants: ({ status }) => names.some((name) => executionNames[name] === status.name),
    count: (window) =>
      `${base} AND ((${is} AND ${notSuperseding}) OR (${isNot} AND ${superseding}))${within(window)} GROUP BY ExecutionStatus`,
    subtracts: (executionStatus) => !names.some((name) => name === executionStatus),
  };
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

function conditions(filter: RunFilter, absent: boolean): string[] {
  const found: string[] = [];
  // Quoted: SESSION is a word of the query language.
  const keywords = { Agent: filter.agent_id, User: filter.user_id, '`Session`': filter.session_id, Tags: filter.tag };
  for (const [name, value] of Object.entries(keywords)) {
    if (value !== undefined) found.push(`${name} = ${literal(value)}`);
  }
  if (filter.owner !== undefined) found.push(`Owner = '${ownerOf(filter.owner)}'`);
  if (filter.workflow !== undefined) found.push(`WorkflowType = ${literal(filter.workflow)}`);
  if (filter.problem) found.push(problemCondition(absent));
  return found;
}

function problemCondition(absent: boolean): string {
  const reported = `TemporalReportedProblems IS NOT NULL`;
  return `ExecutionStatus = 'Running' AND ${absent ? `(${reported} OR ${openCondition('running')})` : reported}`;
}

/** Queued and running are told apart by describe alone: here both are open, neither paused nor waiting. */
function openCondition(status: 'queued' | 'running' | 'paused' | 'waiting'): string {
  const held =
    status === 'paused' || status === 'waiting'
      ? `RunState = '${status}'`
      : `(RunState IS NULL OR RunState NOT IN ('paused', 'waiting'))`;
  return `(ExecutionStatus = 'Running' AND ${held})`;
}

function within({ from, to, open, closedFrom }: Window): string {
  return [
    from === undefined ? '' : ` AND CreatedAt >= '${new Date(from).toISOString()}'`,
    to === undefined ? '' : ` AND CreatedAt < '${new Date(to).toISOString()}'`,
    closedFrom === undefined ? '' : ` AND CloseTime >= '${new Date(closedFrom).toISOString()}'`,
    open === undefined ? '' : ` AND ExecutionStatus ${open ? '=' : '!='} 'Running'`,
  ].join('');
}
