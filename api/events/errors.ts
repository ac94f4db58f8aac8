// The faults of event streams that a client can do something about.

export type StreamFault = 'run_not_found' | 'event_id_malformed' | 'event_id_foreign' | 'event_id_expired';

/** A `Last-Event-ID` that cannot be resumed from. `status` is the HTTP status, `detail` says what to do. */
export class StreamIdError extends Error {
  override name = 'StreamIdError';
  readonly status: 400 | 404 | 410;
  readonly type: StreamFault;
  readonly detail: string;

  constructor(status: 400 | 404 | 410, type: StreamFault, detail: string) {
    super(detail);
    this.status = status;
    this.type = type;
    this.detail = detail;
  }
}

/** Temporal has no history under this run id. */
export class RunNotFound extends Error {
  override name = 'RunNotFound';
  readonly status = 404;
  readonly type: StreamFault = 'run_not_found';
  readonly detail: string;

  constructor(runId: string) {
    super(`Run '${runId}' not found`);
    this.detail = this.message;
  }
}

/** This viewer was too slow and lost its place in the queue: it may come back with its last event id. */
export class CutOff extends Error {
  override name = 'CutOff';
  /** Servers log it once for each slow reader, and where a timer fired tells nobody anything. */
  override stack = undefined;
}
