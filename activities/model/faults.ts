// What a provider's fault means, said without anything secret: its own words are passed on only when they hold none.
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { askedDelayMs, Fault, type FaultType } from '../failures.ts';
import type { Question } from './question.ts';

/** @param error whatever the openai package or our reading of its stream threw */
export function providerFault(error: unknown, question: Question): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof APIConnectionTimeoutError) return stalledFault('no answer at all');
  if (error instanceof APIConnectionError) return unreachable(error);
  if (error instanceof APIError) {
    return typeof error.status === 'number'
      ? statusFault(error, error.status, question)
      : failedFault(typeof error.code === 'string' ? error.code : undefined, error);
  }
  const code = networkCode(error);
  if (code !== undefined) return unreachable(error, code);
  // Events that are no JSON, or JSON of another shape.
  if (error instanceof SyntaxError || error instanceof TypeError) return unreadableFault('it was garbled', error);
  throw error;
}

export const stalledFault = (what: string): Fault =>
  new Fault('ModelStalled', `The model's provider fell silent: ${what} in time. Its connection was closed.`);

export const unreadableFault = (what: string, cause?: unknown): Fault =>
  new Fault(
    'ModelAnswerUnreadable',
    `The answer of the model's provider cannot be used: ${what}. If it stays so, check that OPENAI_BASE_URL is the ` +
      'address of a model API, with its version, and that OPENAI_API names the protocol that it speaks.',
    { cause },
  );

export function failedFault(code: string | undefined, cause?: unknown): Fault {
  const limited = code !== undefined && /rate_limit|quota/.test(code);
  return new Fault(
    limited ? 'ModelRateLimited' : 'ModelFailed',
    `The model's provider began to answer and then failed${code ? ` (${code})` : ''}. If it stays so, look at the ` +
      "provider's status page, or choose another model.",
    { cause },
  );
}

function unreachable(cause: unknown, code = networkCode(cause)): Fault {
  return new Fault(
    'ModelUnavailable',
    `The connection to the model's provider failed${code ? ` (${code})` : ''}. If it stays so, check OPENAI_BASE_URL ` +
      'and that the worker can reach it.',
    { cause },
  );
}

const errors: Record<number, { type: FaultType; todo: string }> = {
  401: {
    type: 'ModelUnauthorized',
    todo: 'It does not accept the API key: set OPENAI_API_KEY of the worker to a valid key.',
  },
  403: {
    type: 'ModelUnauthorized',
    todo: 'The API key may not do this: check what its project, model and region allow.',
  },
  404: {
    type: 'ModelNotFound',
    todo: 'Check the name of the model and OPENAI_BASE_URL; for a server without the Responses API set OPENAI_API=chat.',
  },
  429: { type: 'ModelRateLimited', todo: "We ask too much of it: run less at once, or raise the account's limits." },
};
const unavailable = { type: 'ModelUnavailable', todo: "If it stays so, look at the provider's status page." } as const;
const rejected = {
  type: 'ModelRejected',
  todo: 'It refuses the request as it is: change the input, the model or its settings.',
} as const;

function statusFault(error: APIError, status: number, question: Question): Fault {
  const passing = status >= 500 || status === 408 || status === 409;
  const { type, todo } = errors[status] ?? (passing ? unavailable : rejected);
  const known = [`HTTP ${status}`, error.code, error.param && `parameter ${error.param}`, error.requestID]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(', ');
  // An answer about a key may quote the key.
  const said = type === 'ModelUnauthorized' ? '' : quotable(error.error, question);
  return new Fault(type, `The model's provider answered ${known}${said}. ${quotaTodo(error.code) ?? todo}`, {
    retry_after_ms: askedDelayMs((name) => error.headers?.get(name) ?? null),
    cause: error,
  });
}

const quotaTodo = (code: unknown): string | undefined =>
  code === 'insufficient_quota' ? 'The account has no quota left: check its plan and billing.' : undefined;

const longestQuote = 300;
const overlap = 24;

/** The provider's own words, unless they are long, look like a key, or repeat a part of what was asked. */
function quotable(body: unknown, { messages }: Question): string {
  if (typeof body !== 'object' || body === null || !('message' in body)) return '';
  const { message } = body;
  if (typeof message !== 'string' || message === '' || message.length > longestQuote) return '';
  if (/\b(sk|pk|key|bearer)[-_ ][\w*.-]{6,}/i.test(message)) return '';
  for (let at = 0; at === 0 || at + overlap <= message.length; at += overlap / 2) {
    const window = message.slice(at, at + overlap);
    if (messages.some(({ content }) => content.includes(window))) return '';
  }
  return `: ${message.replace(/\.$/, '')}`;
}

/** Node's and undici's code of a broken connection, wherever in the chain of causes it stands. */
function networkCode(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ('code' in one && typeof one.code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(one.code)) return one.code;
  }
  return undefined;
}
