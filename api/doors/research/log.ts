// The log of a task, told from its run's events: nothing of it is stored.
import { z } from 'zod';
import type { RunStatus } from '../../runs/status.ts';
import type { EventType, Frame } from '../../events/event.ts';
import type { LogTexts } from './config.ts';

/** A run's status in the words of this door. */
export const words = {
  queued: 'QUEUED',
  running: 'RUNNING',
  paused: 'PAUSED',
  waiting: 'WAITING',
  completed: 'COMPLETE',
  failed: 'ERROR',
  cancelled: 'CANCELED',
} as const satisfies Record<RunStatus, string>;

export type Word = (typeof words)[RunStatus];

export interface Log {
  message: string;
  status: Word;
  /** Percent. */
  progress: number | null;
  created_at: string;
}

/** How it ended; `error`: what went wrong. */
export type End = { at: string } & ({ status: 'COMPLETE' | 'CANCELED' } | { status: 'ERROR'; error: string });

/** What a run's events tell of a task. Times: ISO-8601 UTC. */
export interface Told {
  reports: { message: string; percentage: number; at: string }[];
  /** When the first of what came to something was due, and when that came. */
  first: { due: string; done: string } | undefined;
  /** When its status last changed. */
  changed: string | undefined;
  end: End | undefined;
}

const report = z.object({
  kind: z.literal('result'),
  value: z.object({ message: z.string(), percentage: z.number() }),
});

/** `frames`: all of the run so far. */
export function tell(frames: readonly Frame[]): Told {
  const told: Told = { reports: [], first: undefined, changed: undefined, end: undefined };
  const due = new Map<string, string>();
  const reporting = new Set<string>();
  for (const { type, data, timestamp: at } of frames) {
    if (type === 'step_started') {
      due.set(data.step, at);
      reporting.delete(data.step);
    }
    if (type === 'tool_call_started' && data.tool === 'report_activity') reporting.add(data.step);
    if (type === 'step_completed' && reporting.has(data.step)) told.reports.push(...reportIn(data.result, at));
    // A wait for a person has no slot to wait for, and a child has slots of its own.
    if (type === 'child_started' || (type === 'step_started' && data.activity === null))
      told.first ??= { due: at, done: at };
    if (type === 'step_completed' || type === 'step_failed') told.first ??= { due: due.get(data.step) ?? at, done: at };
    if (changes.includes(type)) told.changed = at;
    if (type === 'run_completed') told.end = { status: 'COMPLETE', at };
    if (type === 'run_cancelled') told.end = { status: 'CANCELED', at };
    if (type === 'run_failed') told.end = { status: 'ERROR', at, error: data.error.message || data.error.type };
  }
  return told;
}

const changes: readonly EventType[] = ['run_paused', 'run_resumed', 'run_waiting', 'run_rewound'];

function reportIn(result: unknown, at: string): Told['reports'] {
  const { data } = report.safeParse(result);
  if (!data) return [];
  const { message, percentage } = data.value;
  return [{ message, percentage: Math.round(Math.min(Math.max(percentage, 0), 100)), at }];
}

export interface Life {
  created_at: string;
  status: Word;
  /** When its first step got a slot. */
  began: string | undefined;
  told: Told;
}

/** Oldest first, each no older than the one before: what a fork took over was said before there was a fork. */
export function logsOf(texts: LogTexts, { created_at, status, began, told }: Life): Log[] {
  const logs: Log[] = [{ message: texts.create, status: 'QUEUED', progress: 0, created_at }];
  const add = (log: Log) => {
    const before = logs.at(-1)?.created_at ?? created_at;
    logs.push(log.created_at < before ? { ...log, created_at: before } : log);
  };
  const started = startOf({ created_at, status, began, told });
  if (started !== undefined) add({ message: texts.started, status: 'RUNNING', progress: 0, created_at: started });
  for (const { message, percentage, at } of told.reports)
    add({ message, status: 'RUNNING', progress: percentage, created_at: at });
  if (told.end) add(endLog(texts, told.end));
  return logs;
}

/** Undefined: it was not. A wait for a person, or a child, may come before any slot. */
function startOf({ created_at, status, began, told }: Life): string | undefined {
  const at = began ?? told.first?.due;
  return at ?? (status === 'RUNNING' || status === 'COMPLETE' ? created_at : undefined);
}

function endLog(texts: LogTexts, end: End): Log {
  const created_at = end.at;
  switch (end.status) {
    case 'COMPLETE':
      return { message: texts.complete, status: end.status, progress: 100, created_at };
    case 'CANCELED':
      return { message: texts.canceled, status: end.status, progress: null, created_at };
    case 'ERROR': {
      const message = texts.error.replaceAll('{error}', () => end.error);
      return { message, status: end.status, progress: null, created_at };
    }
  }
}

/** The newest percentage that there is. */
export const progressOf = (logs: readonly Log[]): number | null =>
  logs.findLast(({ progress }) => progress !== null)?.progress ?? null;
