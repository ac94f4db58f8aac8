// A journal up to a checkpoint that lies in what the run was served.
import type { Batch, Checkpoint } from './batch.ts';

/** Undefined when no batch of that timeline reaches the event. */
export function cutAt(batches: Batch[], { timeline, event }: Checkpoint): Batch[] | undefined {
  const index = batches.findIndex((batch) => batch.at.timeline === timeline && batch.event >= event);
  const batch = batches[index];
  if (!batch) return afterAll(batches, timeline);
  const before = batches.slice(0, index);
  if (batch.event === event) return [...before, batch];
  const jobs = batch.jobs.filter((job) => job.event <= event);
  // The checkpoint is a trace of the task before, or what it brought was not for the code.
  if (jobs.length === 0) return before.length > 0 ? before : [opened(batch, [], event)];
  return [...before, opened(batch, jobs, event)];
}

function opened(batch: Batch, jobs: Batch['jobs'], event: number): Batch {
  return { ...batch, seed: undefined, event, jobs, commands: [], open: {} };
}

/** The newest event of a timeline may stand behind its last batch: a trace of its last task. */
function afterAll(batches: Batch[], timeline: string): Batch[] | undefined {
  const last = batches.findLastIndex((batch) => batch.at.timeline === timeline);
  return last === -1 ? undefined : batches.slice(0, last + 1);
}
