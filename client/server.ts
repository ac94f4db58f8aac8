// How the service is reached, and what it says when it does not do what was asked.

export interface ServerOptions {
  /** Of the service, as `http://127.0.0.1:8000`. In a page that the service itself serves: leave it out. */
  base?: string;
  /** An API key or a JWT. */
  token?: string;
  /** Ends the call, and the reading of events; the run goes on. */
  signal?: AbortSignal;
  /** Instead of the global one. */
  fetch?: typeof fetch;
}

export interface WrongField {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** The service refused. `type` is stable, `detail` says what happened and what to do. */
export class WaymarkError extends Error {
  readonly status: number;
  readonly type: string;
  readonly detail: string | WrongField[];
  readonly request_id: string | null;
  /** Seconds to wait, when the service named them. */
  readonly retryAfter: number | null;

  constructor(answer: Response, { type, detail, request_id }: Partial<Refusal>) {
    const said = detail ?? `The service answered ${answer.status}.`;
    super(typeof said === 'string' ? said : said.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '));
    this.name = 'WaymarkError';
    this.status = answer.status;
    this.type = type ?? 'unknown';
    this.detail = said;
    this.request_id = request_id ?? answer.headers.get('X-Request-Id');
    const seconds = Number(answer.headers.get('Retry-After') ?? NaN);
    this.retryAfter = Number.isFinite(seconds) ? seconds : null;
  }
}

interface Refusal {
  type: string;
  detail: string | WrongField[];
  request_id: string;
}

export interface Request {
  method: 'GET' | 'POST';
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

/** The answer, when it is a good one. @throws WaymarkError; what fetch throws when nobody answers. */
export async function send({ base = '', token, ...options }: ServerOptions, request: Request): Promise<Response> {
  const { method, path, body, headers } = request;
  const call = options.fetch ?? fetch;
  const answer = await call(base.replace(/\/$/, '') + path, {
    method,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body ? JSON.stringify(body) : null,
    signal: options.signal ?? null,
  });
  if (answer.ok) return answer;
  throw new WaymarkError(answer, await refusalOf(answer));
}

async function refusalOf(answer: Response): Promise<Partial<Refusal>> {
  try {
    const refusal: Partial<Refusal> | null = JSON.parse(await answer.text());
    return refusal ?? {};
  } catch {
    // A proxy's page, or a connection that broke: the status says enough.
    return {};
  }
}

/** @throws WaymarkError */
export async function ask<T>(options: ServerOptions, request: Request): Promise<T> {
  const body: T = JSON.parse(await (await send(options, request)).text());
  return body;
}

export const pathOf = (run_id: string): string => `/api/runs/${encodeURIComponent(run_id)}`;
