// What routes find runs, sessions, agents and functions with, narrowed to what the caller may know of: what belongs to
// somebody else is not there for it. No route has anything wider in its hands.
import { type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import type { FunctionStore } from '../../activities/functions/store.ts';
import { attributes } from '../../workflows/runtime/messages.ts';
import type { MayUse } from '../agents/definitions.ts';
import { RunNotFound } from '../events/errors.ts';
import type { Streams } from '../events/streams.ts';
import type { Records } from '../runs/records.ts';
import { request } from './caller.ts';

/** The only owner whose things may be seen; undefined: all may be. */
type Only = () => string | undefined;

export function narrowRecords(records: Records, only: Only): Records {
  return {
    async describe(id, timeline) {
      const found = await records.describe(id, timeline);
      if (!isSeen(found, only())) throw new WorkflowNotFoundError('Not found', id, timeline);
      request()?.found.add(id);
      return found;
    },
    async *list(options) {
      const owner = only();
      for await (const record of records.list({ ...options, query: narrowed(options.query, owner) })) {
        if (!isSeen(record, owner)) continue;
        request()?.found.add(record.workflowId);
        yield record;
      }
    },
    count: (query) => records.count(narrowed(query, only())),
  };
}

type Record = Pick<WorkflowExecutionInfo, 'typedSearchAttributes'>;

/** Of definitions without an owner those that came with the program are everybody's: who lists them knows which. */
function isSeen({ typedSearchAttributes: has }: Record, owner: string | undefined): boolean {
  if (owner === undefined) return true;
  const whose = has.get(attributes.Owner);
  return whose === undefined ? has.get(attributes.Kind) === 'definition' : whose === owner;
}

function narrowed(query: string, owner: string | undefined): string {
  if (owner === undefined) return query;
  const [, rows = query, groups = ''] = /^(.*?)( GROUP BY \w+)?$/s.exec(query) ?? [];
  return `(${rows}) AND (Owner = '${owner}' OR (Owner IS NULL AND Kind = 'definition'))${groups}`;
}

/** @param isFound whether the caller may know of the run */
export function narrowStreams(streams: Streams, isFound: (run: string) => Promise<boolean>): Streams {
  const of = async <T>(run: string, read: () => Promise<T>): Promise<T> => {
    if (await isFound(run)) return read();
    throw new RunNotFound(run);
  };
  const at = async <T>({ run }: { run: string }, read: () => Promise<T | undefined>): Promise<T | undefined> =>
    (await isFound(run)) ? read() : undefined;
  return {
    view: (run) => of(run, () => streams.view(run)),
    subscribe: (run, lastEventId) => of(run, () => streams.subscribe(run, lastEventId)),
    // Whoever has just begun it.
    subscribeNew: (run, timeline) => streams.subscribeNew(run, timeline),
    page: (run, offset, limit) => of(run, () => streams.page(run, offset, limit)),
    points: (run) => of(run, () => streams.points(run)),
    result: (run, timeoutMs, signal) => of(run, () => streams.result(run, timeoutMs, signal)),
    point: (place, point) => at(place, () => streams.point(place, point)),
    ownerOf: (place, point) => at(place, () => streams.ownerOf(place, point)),
    alone: (place, point) => at(place, () => streams.alone(place, point)),
    tails: () => streams.tails(),
    viewers: () => streams.viewers(),
    close: () => streams.close(),
  };
}

export function narrowFunctions(functions: FunctionStore, only: Only): FunctionStore {
  const isMine = async (id: string): Promise<boolean> => {
    const owner = only();
    return owner === undefined || (await functions.ownerOf(id)) === owner;
  };
  return {
    ownerOf: async (id) => ((await isMine(id)) ? functions.ownerOf(id) : undefined),
    read: async (id) => ((await isMine(id)) ? functions.read(id) : undefined),
    list: (page) => functions.list({ ...page, ...onlyOf(only()) }),
    write: (fn, owner) => functions.write(fn, owner),
    remove: async (id) => (await isMine(id)) && functions.remove(id),
  };
}

const onlyOf = (owner: string | undefined) => (owner === undefined ? {} : { owner });

export const narrowAgents =
  (only: Only): MayUse =>
  ({ owner, shipped }) => {
    const mine = only();
    return mine === undefined || shipped || owner === mine;
  };
