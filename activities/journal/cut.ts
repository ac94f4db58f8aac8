// A journal up to a checkpoint that lies in what the run was served.
import type { Batch, Checkpoint } from './batch.ts';

/** Undefined when no batch of that timeline reaches the event. */
export function cutAt(batches: Batch[], checkpoint: Checkpoint): Batch[] | undefined {
  const { timeline, event } = checkpoint;
  const index = batches.findIndex((batch) => batch.at.timeline === timeline && batch.event >= event);
  const batch = batches[index];
  if (!batch) return afterAll(batches, checkpoint);
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

/** The checkpoint may be a trace of the timeline's last task. What lies behind that, the run was not served. */
function afterAll(batches: Batch[], { timeline, event }: Checkpoint): Batch[] | undefined {
  const last = batches.findLastIndex((batch) => batch.at.timeline === timeline);
  const traces = [...(batches[last]?.jobs ?? []), ...(batches[last]?.commands ?? [])];
  return traces.some((trace) => trace.event >= event) ? batches.slice(0, last + 1) : undefined;
}
