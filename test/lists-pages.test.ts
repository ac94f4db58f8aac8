// Paging through lists of any size and shape, over records in memory that answer as visibility does: in its own order, 1,000 at a time.
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { describe, expect, test } from 'vitest';
import { boundariesIn } from '../api/runs/boundaries.ts';
import { queriesOf, type Window } from '../api/runs/filter.ts';
import { createRunPages } from '../api/runs/pages.ts';
import type { Pages, Visibility } from '../api/runs/visibility.ts';
import { attributes } from '../workflows/runtime/messages.ts';

const codes = temporal.api.enums.v1.WorkflowExecutionStatus;

interface Made {
  id: string;
  created: number;
  closed?: number;
  /** There is a record of an earlier timeline, too. */
  restored?: boolean;
}

/** Numbers from 0 (inclusive) to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

const now = Date.UTC(2026, 10, 21);

/** When the runs of a list were created, in ms before now. */
const shapes: Record<string, (next: () => number) => number> = {
  'spread evenly over a day': (next) => next() * 86_400_000,
  'mostly of the last minute, some of years ago': (next) => 60_000 * (1 / (next() + 1e-6) - 1),
  'in bursts of many within the same millisecond': (next) => Math.floor(next() * 50) * 3_600_000,
  'in three months, ever more': (next) => 90 * 86_400_000 * next() ** 3,
};

function makeRuns(count: number, shape: (next: () => number) => number, next: () => number): Made[] {
  return Array.from({ length: count }, (_, i) => {
    const created = Math.floor(now - shape(next));
    const closed = next() < 0.3 ? undefined : Math.min(now, created + Math.floor(next() ** 4 * 3_600_000));
    return { id: `run-${i}`, created, closed };
  });
}

const asRecord = ({ id, created, closed, restored }: Made): WorkflowExecutionInfo => ({
  workflowId: id,
  runId: id,
  type: 'simple',
  taskQueue: 'q',
  historyLength: 1,
  raw: {},
  searchAttributes: {},
  status:
    closed === undefined
      ? { code: codes.WORKFLOW_EXECUTION_STATUS_RUNNING, name: 'RUNNING' }
      : { code: codes.WORKFLOW_EXECUTION_STATUS_COMPLETED, name: 'COMPLETED' },
  startTime: new Date(restored && closed !== created + 1 ? created + 2 : created),
  closeTime: closed === undefined ? undefined : new Date(closed),
  typedSearchAttributes: new TypedSearchAttributes([{ key: attributes.CreatedAt, value: new Date(created) }]),
});

function inMemory(runs: Made[]): Visibility & { calls: number } {
  const within = ({ from = -Infinity, to = Infinity, open }: Window, all: Made[] = runs) =>
    all.filter(
      ({ created, closed }) =>
        created >= from && created < to && (open === undefined || open === (closed === undefined)),
    );
  const visibility = {
    calls: 0,
    seenBy: () => '',
    async count(_: unknown, window: Window) {
      visibility.calls++;
      return within(window).length;
    },
    async records(_: unknown, window: Window, { pages = 1, size = 1000 }: Pages = {}) {
      const earlier = runs.filter(({ restored }) => restored).map((run) => ({ ...run, closed: run.created + 1 }));
      const sorted = [...within(window, runs), ...within(window, earlier)].toSorted(
        (a, b) => (b.closed ?? Infinity) - (a.closed ?? Infinity) || b.created - a.created || (a.id < b.id ? -1 : 1),
      );
      for (let page = 1; ; page++) {
        visibility.calls++;
        const records = sorted.slice(0, page * size).map(asRecord);
        // A page that is not full is the last one; a full one may be, without anybody knowing.
        const all = records.length < page * size;
        if (all || page === pages) return { records, all };
      }
    },
  };
  return visibility;
}

const newestFirst = (runs: Made[]): string[] =>
  runs.toSorted((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1)).map(({ id }) => id);

const queries = queriesOf({});

describe.each(Object.entries(shapes))('runs %s', (_, shape) => {
  test.each([1, 20, 999, 1000, 1001, 2999, 3000])(
    '%i of them: any page, cold or warm, in at most 4 calls',
    async (count) => {
      const next = random(count);
      const runs = makeRuns(count, shape, next);
      const order = newestFirst(runs);
      const visibility = inMemory(runs);
      for (let i = 0; i < 30; i++) {
        // Now and then a service that knows nothing yet.
        const pages = i % 5 === 0 ? createRunPages(visibility, () => now) : warm(visibility);
        const limit = 1 + Math.floor(next() * (i % 3 === 0 ? 1000 : 50));
        const offset = Math.floor(next() * count);
        visibility.calls = 0;
        const page = await pages(queries, offset, limit);
        expect(page.total).toBe(count);
        expect(page.runs.map(({ workflowId }) => workflowId)).toEqual(order.slice(offset, offset + limit));
        expect(visibility.calls).toBeLessThanOrEqual(4);
      }
    },
  );

  test('20,000 of them: a first jump counts its way, what is near a known page costs at most 4 calls', async () => {
    const next = random(7);
    const runs = makeRuns(20_000, shape, next);
    const order = newestFirst(runs);
    const visibility = inMemory(runs);
    const pages = createRunPages(visibility, () => now);
    const ask = async (offset: number, limit: number): Promise<number> => {
      visibility.calls = 0;
      const page = await pages(queries, offset, limit);
      expect(page.total).toBe(order.length);
      expect(page.runs.map(({ workflowId }) => workflowId)).toEqual(order.slice(offset, offset + limit));
      return visibility.calls;
    };
    const firstJumps: number[] = [];
    for (const offset of [0, 19_990, 3000, 12_345, 7000, 15_000]) {
      firstJumps.push(await ask(offset, 20));
      expect(await ask(offset, 20)).toBeLessThanOrEqual(4);
      expect(await ask(offset + 20, 20)).toBeLessThanOrEqual(4);
    }
    expect(Math.max(...firstJumps)).toBeLessThanOrEqual(30);
    // Runs come on top and one goes at the bottom, while somebody pages through.
    for (let i = 0; i < 60; i++) {
      runs.push({ id: `new-${i}`, created: now + i });
      if (i % 10 === 0) runs.splice(Math.floor(next() * 100), 1);
      order.splice(0, order.length, ...newestFirst(runs));
      expect(await ask((i % 20) * 20, 20)).toBeLessThanOrEqual(4);
    }
  });
});

test('when many of the oldest are gone, pages that were known are found again in at most 4 calls', async () => {
  const runs = makeRuns(6000, shapes['spread evenly over a day']!, random(3));
  const visibility = inMemory(runs);
  const pages = createRunPages(visibility, () => now);
  for (const offset of [0, 2000, 4000]) await pages(queries, offset, 20);
  for (const gone of [15, 30, 60]) {
    const oldest = new Set(newestFirst(runs).slice(-gone));
    runs.splice(0, runs.length, ...runs.filter(({ id }) => !oldest.has(id)));
    const order = newestFirst(runs);
    for (const offset of [2010, 4010]) {
      visibility.calls = 0;
      const page = await pages(queries, offset, 20);
      expect(page.runs.map(({ workflowId }) => workflowId)).toEqual(order.slice(offset, offset + 20));
      expect(visibility.calls).toBeLessThanOrEqual(4);
    }
  }
});

test('a page that was known is right when many runs came, and when some of it went', async () => {
  const runs = makeRuns(4000, shapes['spread evenly over a day']!, random(5));
  const visibility = inMemory(runs);
  const pages = createRunPages(visibility, () => now);
  const check = async (offset: number) => {
    const page = await pages(queries, offset, 20);
    expect(page.runs.map(({ workflowId }) => workflowId)).toEqual(newestFirst(runs).slice(offset, offset + 20));
    return page.runs;
  };
  for (const offset of [0, 2000]) await check(offset);
  for (let i = 0; i < 1500; i++) runs.push({ id: `new-${i}`, created: now + i, closed: i % 2 ? now + i : undefined });
  for (const offset of [0, 700, 1490]) await check(offset);
  const known = await check(2000);
  const gone = new Set(known.slice(5).map(({ workflowId }) => workflowId));
  runs.splice(0, runs.length, ...runs.filter(({ id }) => !gone.has(id)));
  for (const offset of [2000, 1980, 2000]) await check(offset);
  // Old runs come to a list of ended ones when they end.
  for (let i = 0; i < 60; i++) runs.push({ id: `late-${i}`, created: now - 86_400_000 - i, closed: now + 2000 });
  for (const offset of [2000, 1980]) await check(offset);
});

test('runs of more records than Temporal gives at once are listed right', async () => {
  const runs = makeRuns(900, shapes['spread evenly over a day']!, random(6)).map((run) => ({ ...run, restored: true }));
  const visibility = inMemory(runs);
  const pages = createRunPages(visibility, () => now);
  for (const [offset, limit] of [
    [0, 20],
    [850, 20],
    [300, 600],
    [0, 1000],
    [880, 20],
  ] as const) {
    const page = await pages(queries, offset, limit);
    expect(page.runs.map(({ workflowId }) => workflowId)).toEqual(newestFirst(runs).slice(offset, offset + limit));
  }
});

test('a boundary stands only where the time changes: runs of one millisecond stay together', () => {
  const ages = Array.from({ length: 120 }, (_, i) => 1000 - Math.floor(i / 40));
  expect(boundariesIn(ages, 5, 1000)).toEqual([
    { at: 1000, below: 955 },
    { at: 999, below: 915 },
    { at: 998, below: 875 },
  ]);
});

const warmed = new WeakMap<Visibility, ReturnType<typeof createRunPages>>();

function warm(visibility: Visibility): ReturnType<typeof createRunPages> {
  const known = warmed.get(visibility) ?? createRunPages(visibility, () => now);
  warmed.set(visibility, known);
  return known;
}
