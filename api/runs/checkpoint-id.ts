// The id of a checkpoint: opaque to clients, and complete, so that nothing needs to be stored to find it again.

export interface CheckpointRef {
  /** Whose checkpoint it is: a fork has those that it was served, too. */
  run: string;
  /** Temporal Run Id of the timeline in which the step was completed, of whichever run that was. */
  timeline: string;
  /** The history event that completed the step. */
  event: number;
  /** The timeline of the run that has it so, with results that somebody edited: its origin has others. */
  within?: string;
}

export const checkpointId = ({ run, timeline, event, within }: CheckpointRef): string =>
  Buffer.from(`${timeline}.${event}${within === undefined ? '' : `@${within}`}.${run}`).toString('base64url');

const written = /^([0-9a-f-]{36})\.([1-9]\d{0,8})(?:@([0-9a-f-]{36}))?\.(.{1,1000})$/su;

/** Undefined for what cannot be one. */
export function readCheckpointId(id: string): CheckpointRef | undefined {
  const text = Buffer.from(id, 'base64url').toString();
  const [, timeline, event, within, run] = written.exec(text) ?? [];
  if (!timeline || !event || !run) return undefined;
  const ref = { run, timeline, event: Number(event), ...(within !== undefined && { within }) };
  return checkpointId(ref) === id ? ref : undefined;
}
