// The id of a checkpoint: opaque to clients, and complete, so that nothing needs to be stored to find it again.

export interface CheckpointRef {
  /** Whose checkpoint it is: a fork has those that it was served, too. */
  run: string;
  /** Temporal Run Id of the timeline in which the step was completed, of whichever run that was. */
  timeline: string;
  /** The history event that completed the step. */
  event: number;
}

export const checkpointId = ({ run, timeline, event }: CheckpointRef): string =>
  Buffer.from(`${timeline}.${event}.${run}`).toString('base64url');

/** Undefined for what cannot be one. */
export function readCheckpointId(id: string): CheckpointRef | undefined {
  const text = Buffer.from(id, 'base64url').toString();
  const [, timeline, event, run] = /^([0-9a-f-]{36})\.([1-9]\d{0,8})\.(.{1,1000})$/su.exec(text) ?? [];
  if (!timeline || !event || !run || checkpointId({ run, timeline, event: Number(event) }) !== id) return undefined;
  return { run, timeline, event: Number(event) };
}
