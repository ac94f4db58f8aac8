// The run that a request which comes once more has begun already.
import { longRead, withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import type { MemoKey } from '../../workflows/runtime/messages.ts';
import { describe } from './describe.ts';
import { runIdOf } from './idempotency.ts';
import { literal } from './keyword.ts';
import { known, type Started } from './start.ts';

export interface Asked {
  /** Of the header Idempotency-Key. */
  key?: string;
  /** A client without a key asks once more, and does not say which run it means: the newest of the same request. */
  again?: boolean;
  /** Of the request. */
  digest: string;
}

/** Undefined: there is none. Throws ApiError 409 for a key that was used for another request. */
export async function startedBefore(
  deps: Core,
  agent: string,
  { key, again, digest }: Asked,
): Promise<Started | undefined> {
  if (key === undefined) return again ? newestOf(deps, agent, digest) : undefined;
  const id = runIdOf(deps.owner(), key);
  const run = await withDeadline(deps, () => describe(deps, id));
  return run && (await withDeadline(deps, () => known(deps, id, digest)));
}

/** Clients give up, and ask again, within ten minutes. */
const agoMs = 15 * 60 * 1000;
/** Of the agent's newest runs so many are looked at. */
const most = 2000;

/** Its own alone, also for those who see all. Visibility lags less than such a client waits. */
function newestOf(deps: Core, agent: string, digest: string): Promise<Started | undefined> {
  const since = new Date((deps.clock ?? Date.now)() - agoMs).toISOString();
  const owner = deps.owner();
  const own = owner === undefined ? '' : ` AND Owner = '${owner}'`;
  const query = `Kind = 'run' AND Agent = ${literal(agent)} AND CreatedAt > '${since}'${own}`;
  const key: MemoKey = 'request';
  return longRead(deps, async () => {
    let looked = 0;
    for await (const { workflowId: id, memo } of deps.records.list({ query, pageSize: 200 })) {
      const run = memo?.[key] === digest ? await describe(deps, id) : undefined;
      if (run) return { kind: 'known', id, run };
      if (++looked === most) break;
    }
    return undefined;
  });
}
