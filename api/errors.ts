// Errors that a client is meant to read: a stable type, what happened, what to do. Whoever throws one needs no HTTP.

/** One wrong field of a request; `loc` starts with where it stands: body, query, path or header. */
export interface WrongField {
  loc: (string | number)[];
  msg: string;
  type: string;
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 413 | 415 | 422 | 426 | 429 | 500 | 502 | 503;

export interface ApiErrorOptions {
  /** Keys that the body has besides type, detail and request_id. */
  more?: Record<string, unknown>;
  headers?: Record<string, string>;
  cause?: unknown;
}

export class ApiError extends Error {
  readonly status: ErrorStatus;
  readonly type: string;
  readonly detail: string | WrongField[];
  readonly more: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(status: ErrorStatus, type: string, detail: string | WrongField[], options: ApiErrorOptions = {}) {
    super(typeof detail === 'string' ? detail : detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '), {
      cause: options.cause,
    });
    this.name = 'ApiError';
    this.status = status;
    this.type = type;
    this.detail = detail;
    this.more = options.more ?? {};
    this.headers = options.headers ?? {};
  }
}

export const runNotFound = (id: string): ApiError => new ApiError(404, 'run_not_found', `Run '${id}' not found`);

/** 422 for fields that are well-formed but cannot be taken. */
export const wrongFields = (...fields: WrongField[]): ApiError => new ApiError(422, 'invalid_request', fields);

export const temporalUnavailable = (cause: unknown): ApiError =>
  new ApiError(
    503,
    'temporal_unavailable',
    'Temporal did not answer in time. Runs are not lost: they go on when it is back. Try again after the time in Retry-After.',
    { headers: { 'Retry-After': '2' }, cause },
  );

export const temporalMisconfigured = (what: string, cause: unknown): ApiError =>
  new ApiError(503, 'temporal_misconfigured', what, { headers: { 'Retry-After': '10' }, cause });
