// What can go wrong between a page's address and its text.

export type PageFaultKind =
  /** The guard does not let us go there. */
  | 'refused'
  | 'not_found'
  /** Any other final status outside 2xx. */
  | 'status'
  | 'too_large'
  | 'not_html'
  | 'no_body'
  | 'too_many_redirects'
  | 'timeout'
  | 'unreachable'
  | 'dns';

interface PageFaultOptions {
  retryable?: boolean;
  /** How long the site asked us to wait, in ms. */
  retryAfterMs?: number;
  cause?: unknown;
}

/**
 * `message` says what happened and what to do, and is shown to clients: it names hosts as the request or a redirect
 * spelled them, never an address that a name resolved to. `cause` may hold such an address and is for the log only.
 */
export class PageFault extends Error {
  readonly kind: PageFaultKind;
  /** True: the same request may succeed a moment later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(kind: PageFaultKind, message: string, options: PageFaultOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'PageFault';
    this.kind = kind;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
