// Every call to Temporal has a deadline, and what Temporal's failures mean to a client is decided here.
import { type Client, NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { ApiError, temporalMisconfigured, temporalUnavailable } from './errors.ts';

/** So that an answer comes within 2 s of the request, whatever state Temporal is in. */
const defaultDeadlineMs = 1500;

interface Temporal {
  client: Client;
  config: { deadlineMs?: number };
}

/**
 * Runs `calls`; when they are not done in time, throws ApiError `temporal_unavailable`. Other faults of
 * Temporal come out as `explain` translates them; errors that are not Temporal's pass as they are.
 */
export async function withDeadline<T>(temporal: Temporal, calls: () => Promise<T>, ms = msOf(temporal)): Promise<T> {
  // The second clock is for a connection that is itself being set up: its own wait knows no deadline of ours.
  return inTime(temporal, temporal.client.withDeadline(Date.now() + ms, calls), ms + 100);
}

/** The same for something that has begun already and keeps its own deadlines. */
export async function inTime<T>(temporal: Temporal, work: Promise<T>, ms = msOf(temporal)): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(temporalUnavailable(undefined)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    throw explain(error);
  } finally {
    clearTimeout(timer);
  }
}

/** How long one call may take, in ms. */
export const msOf = ({ config }: Temporal): number => config.deadlineMs ?? defaultDeadlineMs;

/**
 * A long history takes many calls to read, and Temporal is well all the while. A short call goes first (the run's
 * describe), so that a request fails soon when Temporal is away.
 */
const longReadMs = 15_000;

const longMsOf = (temporal: Temporal): number => Math.max(longReadMs, msOf(temporal));

/** `withDeadline` for the reading of a history. */
export const longRead = <T>(temporal: Temporal, read: () => Promise<T>): Promise<T> =>
  withDeadline(temporal, read, longMsOf(temporal));

/** `inTime` for the reading of a history. */
export const inLongTime = <T>(temporal: Temporal, reading: Promise<T>): Promise<T> =>
  inTime(temporal, reading, longMsOf(temporal));

/** For one page of such a list as is read behind nobody's request. */
const pageMs = 6000;

/** All of a list, however many pages it has: each has its own deadline. */
export async function* each<T>(temporal: Temporal, list: AsyncIterable<T>): AsyncGenerator<T> {
  const rows = list[Symbol.asyncIterator]();
  for (;;) {
    const row = await withDeadline(temporal, () => rows.next(), pageMs);
    if (row.done) return;
    yield row.value;
  }
}

/** gRPC's status codes: https://grpc.io/docs/guides/status-codes/ */
export const grpc = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Of a server that dies in mid-call, `unknown` and `internal` are heard as well as `unavailable`. */
const away: readonly number[] = [
  grpc.cancelled,
  grpc.unknown,
  grpc.deadlineExceeded,
  grpc.resourceExhausted,
  grpc.aborted,
  grpc.internal,
  grpc.unavailable,
];
const refused: readonly number[] = [grpc.permissionDenied, grpc.unauthenticated];

/** What a client is told of a fault of Temporal. An error that is not Temporal's comes back as it is. */
export function explain(error: unknown): unknown {
  if (error instanceof ApiError || error instanceof WorkflowNotFoundError) return error;
  if (error instanceof NamespaceNotFoundError) return noNamespace(error.namespace, error);
  const fault = grpcFault(error);
  if (fault === undefined) return error;
  if (away.includes(fault.code)) return temporalUnavailable(error);
  if (refused.includes(fault.code)) {
    const what = 'Temporal refuses this service. Check TEMPORAL_API_KEY, the TLS files and TEMPORAL_NAMESPACE.';
    return temporalMisconfigured(what, error);
  }
  if (fault.code === grpc.notFound) {
    const [, namespace] = /^Namespace (.+) is not found/.exec(fault.details) ?? [];
    return namespace ? noNamespace(namespace, error) : new ApiError(404, 'not_found', 'Not found', { cause: error });
  }
  if (fault.code !== grpc.invalidArgument) return error;
  // "no mapping defined for search attribute Kind", "column name 'Kind' is not a valid search attribute"
  if (/search attribute/.test(fault.details)) {
    return temporalMisconfigured(
      'Temporal lacks the search attributes of runs: npm run temporal:setup adds them.',
      error,
    );
  }
  const detail = 'Temporal cannot take this request: a value is too long or malformed.';
  return new ApiError(422, 'invalid_request', detail, { cause: error });
}

const noNamespace = (name: string, cause: unknown): ApiError =>
  temporalMisconfigured(
    `Temporal has no namespace '${name}'. Create it (npm run temporal:setup) or set TEMPORAL_NAMESPACE.`,
    cause,
  );

export const grpcCode = (error: unknown): number | undefined => grpcFault(error)?.code;

/** The gRPC status of an error or of what caused it, whichever connection it came over. */
function grpcFault(error: unknown): { code: number; details: string } | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'number' && 'details' in at) {
      return { code: at.code, details: String(at.details) };
    }
  }
  return undefined;
}
