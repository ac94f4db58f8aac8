// What a test tells the fake model server to say, and what its ledger keeps of each request.
import type { IncomingHttpHeaders } from 'node:http';
import type { Asked } from '../activities/model/server/asked.ts';

export type StreamFault = 'stall' | 'reset' | 'cut-json' | 'error' | 'failed' | 'no-end';

export type Fault =
  /** An HTTP error. `retryAfter`: the header as it is (seconds or an HTTP date). */
  | { status: number; retryAfter?: string; retryAfterMs?: number; message?: string; code?: string }
  /** 200 with a page of HTML. */
  | 'html'
  /** No answer, not even headers. */
  | 'hang'
  /** A finished, cut answer of `afterTokens` tokens. */
  | 'incomplete'
  /** Spoils the stream after `afterTokens` tokens; `no-end` says all but the terminal event. */
  | StreamFault;

export interface Script {
  /** Which requests: text contained in any message, a pattern on all messages joined, or a predicate. Absent: any. */
  match?: string | RegExp | ((asked: Asked) => boolean);
  /** How many requests. Default 1; Infinity for all. */
  times?: number;
  text?: string | ((asked: Asked) => string);
  /** How long the default answer is, in tokens (8). */
  tokens?: number;
  /** Wait before each token, in ms (0). */
  tokenMs?: number;
  /** Wait before the stream's first event, in ms (0). */
  firstTokenMs?: number;
  /** Without an id: call_1, call_2, … */
  calls?: { id?: string; name: string; arguments: unknown }[];
  usage?: { input_tokens?: number; output_tokens?: number; cached_tokens?: number };
  fault?: Fault;
  /** Default 3; 0 spoils at once. */
  afterTokens?: number;
  /** Of a background answer: the connection that asked for it breaks after so many tokens; the answer goes on. */
  hangUpAfterTokens?: number;
  /** Of a background answer: so does each connection that takes it up again. */
  hangUpAgain?: boolean;
  /** Of a background answer: false lets nobody stream it again (400, as after five minutes). */
  streamable?: boolean;
  /** Of a background answer: so often, whoever takes it up again is told to come later (429). */
  busy?: number;
  /** Of a background answer: nobody finds it again (404). */
  forgotten?: boolean;
}

/** One request. Times are ms since the epoch. */
export interface Call {
  at: number;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The parsed JSON body. */
  body: unknown;
  /** Absent for retrieve and cancel. */
  asked?: Asked;
  /** The last user message. */
  prompt: string;
  /** `aborted`: the client closed the connection before we had said all. */
  outcome: 'open' | 'answered' | 'faulted' | 'aborted';
  /** Answer tokens and bytes of body sent. */
  tokens: number;
  bytes: number;
  first_token_at?: number;
  ended_at?: number;
  /** When the client closed the connection on us. */
  closed_at?: number;
}
