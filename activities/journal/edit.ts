// Writes edited results into a journal, and marks them: forks of the fork have them, too, and their events tell otherwise.
import type { Batch, Edit, Job, Json } from './batch.ts';
import { JournalFault } from './fault.ts';

export function edited(batches: Batch[], edits: Edit[]): Batch[] {
  const open = new Map(edits.map((edit) => [key(edit.timeline, edit.event), edit]));
  const after = batches.map((batch, n) => {
    const hits = batch.jobs.some((job) => open.has(key(batch.at.timeline, job.event)));
    if (!hits) return batch;
    const jobs = batch.jobs.map((job) => {
      const edit = open.get(key(batch.at.timeline, job.event));
      if (!edit || !isAnswer(job)) return job;
      open.delete(key(edit.timeline, edit.event));
      return { ...withResult(job, edit.result), edited: true as const };
    });
    // Its event stands behind the task that took it up: what that task did then followed from the answer as it was.
    const isLastWord = n === batches.length - 1 && jobs.some((job) => job.edited && job.kind === 'doUpdate');
    return isLastWord && !batch.open ? { ...batch, jobs, commands: [], open: {} } : { ...batch, jobs };
  });
  const [left] = open.values();
  if (left)
    throw new JournalFault(`No step of this run was completed by event ${left.event} of timeline ${left.timeline}.`);
  return after;
}

const key = (timeline: string, event: number) => `${timeline}/${event}`;

const isAnswer = ({ kind, told }: Job) =>
  kind === 'resolveActivity' ||
  kind === 'resolveChildWorkflowExecution' ||
  (kind === 'signalWorkflow' && told['signalName'] === 'answer') ||
  (kind === 'doUpdate' && told['name'] === 'answer');

/** A step that a person answered: the message stays, with another value. */
function withResult(job: Job, result: unknown): Job {
  if (job.kind === 'resolveActivity' || job.kind === 'resolveChildWorkflowExecution')
    return { ...job, told: { ...job.told, result: { completed: { result: payloadOf(result) } } } };
  const input = job.told['input'];
  const [first, ...rest] = Array.isArray(input) ? input : [];
  return { ...job, told: { ...job.told, input: [payloadOf({ ...answerIn(first), value: result }), ...rest] } };
}

/** As the default payload converter writes it: https://docs.temporal.io/dataconversion */
function payloadOf(value: unknown): Json {
  if (value === undefined) return { metadata: { encoding: { utf8: 'binary/null' } } };
  return { metadata: { encoding: { utf8: 'json/plain' } }, data: { utf8: JSON.stringify(value) } };
}

function answerIn(payload: Json | undefined): object {
  const data = isRecord(payload) ? payload['data'] : undefined;
  const text = isRecord(data) ? data['utf8'] : undefined;
  const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  return typeof value === 'object' && value !== null ? value : {};
}

function isRecord(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
