// Loaded into every thread of a worker before anything else (node --import): Temporal's SDK has no options for these.
import { isMainThread } from 'node:worker_threads';
import { withoutCallStacks } from './call-stacks.ts';
import { spareWatchdogs } from './watchdogs.ts';

if (!isMainThread) {
  if (!['1', 'true'].includes(process.env['WAYMARK_CALL_STACKS'] ?? '')) withoutCallStacks();
  spareWatchdogs();
}
