// Makes of what the API is given what the functions of its routes get.
import { createWrittenAgents } from './agents/written.ts';
import { createLanes } from './chat/lanes.ts';
import { updatesAtOnce } from './chat/turn.ts';
import type { ApiDeps, Core } from './deps.ts';
import { createRecords } from './runs/records.ts';
import { createRemoved } from './runs/removed.ts';
import { createWorkers } from './workers.ts';

export const createCore = (given: ApiDeps): Core => ({
  ...given,
  workers: createWorkers(given),
  records: createRecords(given),
  removed: createRemoved(),
  updates: createLanes(updatesAtOnce),
  writtenAgents: createWrittenAgents(given.clock),
});
