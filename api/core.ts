// Makes of what the API is given what the functions of its routes get.
import { unlessAbsent } from './absent.ts';
import { createWrittenAgents } from './agents/written.ts';
import { makes, request, seesOnly, whoAsks } from './auth/caller.ts';
import { narrowAgents, narrowFunctions, narrowRecords, narrowStreams } from './auth/narrow.ts';
import { createUpdates } from './chat/turn.ts';
import { withDeadline } from './deadline.ts';
import type { ApiDeps, Core } from './deps.ts';
import { createRecords } from './runs/records.ts';
import { createRemoved } from './runs/removed.ts';
import { createWorkers } from './workers.ts';

export function createCore(given: ApiDeps): Core {
  const caller = () => whoAsks(given.auth !== undefined);
  const only = () => seesOnly(caller());
  const records = narrowRecords(createRecords(given), only);

  const isFound = async (run: string): Promise<boolean> => {
    if (only() === undefined || request()?.found.has(run)) return true;
    return (await unlessAbsent(withDeadline(given, () => records.describe(run)))) !== undefined;
  };

  return {
    ...given,
    caller,
    owner: () => makes(caller()),
    workers: createWorkers(given),
    records,
    streams: narrowStreams(given.streams, isFound),
    functions: narrowFunctions(given.functions, only),
    mayUse: narrowAgents(only),
    removed: createRemoved(),
    updates: createUpdates(),
    writtenAgents: createWrittenAgents(given.clock),
  };
}
