// Reads raw history from Temporal, in bounded pages: from the start, from the end, or waiting for what comes next.
import {
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
  type ConnectionLike,
  type ConnectionOptions,
  type WorkflowService,
} from '@temporalio/client';

type Pages = Awaited<ReturnType<WorkflowService['getWorkflowExecutionHistory']>>;
export type HistoryEvent = NonNullable<NonNullable<Pages['history']>['events']>[number];

/** gRPC status codes that are told apart here: https://grpc.io/docs/guides/status-codes/ */
const code = { invalidArgument: 3, deadlineExceeded: 4, notFound: 5, resourceExhausted: 8 };

/** Refused long polls are answered by polling less, not by asking again. */
const codesNotRetried = new Set<number>([code.resourceExhausted]);

export const isGone = (error: unknown): boolean => hasCode(error, code.notFound);
/** Temporal refuses what cannot be a Workflow Id of its own, or a page token that it does not know. */
export const isRefused = (error: unknown): boolean => hasCode(error, code.invalidArgument);
export const isTooBusy = (error: unknown): boolean => hasCode(error, code.resourceExhausted);

function hasCode(error: unknown, wanted: number): boolean {
  const status: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return status === wanted;
}

/** Opaque to us, and stateless on the server: it may be used again after a fault. */
export type Token = Uint8Array;

/** The beginning of a history. */
export const firstToken: Token = new Uint8Array();

export interface Page {
  events: HistoryEvent[];
  next: Token | undefined;
}

export interface Latest {
  /** Temporal Run Id. */
  timeline: string;
  /** How many events its history has. */
  length: number;
  open: boolean;
  /** It is the run's first timeline, for sure: none came before it, and none was served to it. */
  first: boolean;
}

export interface History {
  /** The run's newest timeline. Throws NOT_FOUND, or DEADLINE_EXCEEDED within 2 s. */
  latest(run: string): Promise<Latest>;
  page(run: string, timeline: string, token?: Token): Promise<Page>;
  /** Like `page`, but waits at the end of an open timeline; an empty page when nothing came for a while. */
  nextPage(run: string, timeline: string, token: Token | undefined, signal: AbortSignal): Promise<Page>;
  /** The event that ended this timeline; undefined while there is none, when it did not come for a while if `wait`. */
  closing(run: string, timeline: string, wait: boolean, signal: AbortSignal): Promise<HistoryEvent | undefined>;
  /** What came after event `after`, oldest first, without waiting and without reading what came before. */
  since(run: string, timeline: string, after: number): Promise<HistoryEvent[]>;
}

/**
 * Options for the connection that streams read over. Pages are counted in events, not bytes, so they may exceed gRPC's
 * default of 4 MB; and a refused long poll must be told at once, not after the SDK's own retries.
 */
export function historyConnection(): Pick<ConnectionOptions, 'interceptors' | 'channelArgs'> {
  const retries = defaultGrpcRetryOptions();
  const retryableDecider: typeof retries.retryableDecider = (attempt, status) =>
    !codesNotRetried.has(status.code) && retries.retryableDecider(attempt, status);
  return {
    interceptors: [makeGrpcRetryInterceptor({ ...retries, retryableDecider })],
    channelArgs: { 'grpc.max_receive_message_length': 128 * 1024 * 1024 },
  };
}

const describeMs = 2_000;
const pageMs = 10_000;
/**
 * Temporal does not wake the polls of a timeline that a reset of an older one terminates, and keeps them far beyond its own
 * time limit of 20 s: asked anew, it tells the end at once. So late, at worst, does a subscriber hear of such a reset.
 */
const pollMs = 10_000;
const eventsPerPage = 256;
/** HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT */
const closeEvent = 2;

export function createHistory(connection: ConnectionLike, namespace: string): History {
  const service = connection.workflowService;
  const within = <R>(ms: number, call: () => Promise<R>) => connection.withDeadline(Date.now() + ms, call);

  const read = async (run: string, timeline: string, token: Token | undefined, wait: boolean): Promise<Page> => {
    const answer = await service.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId: run, runId: timeline },
      maximumPageSize: eventsPerPage,
      nextPageToken: token,
      waitNewEvent: wait,
    });
    return { events: answer.history?.events ?? [], next: tokenOf(answer.nextPageToken) };
  };

  return {
    async latest(run) {
      const execution = { workflowId: run };
      const answer = await within(describeMs, () => service.describeWorkflowExecution({ namespace, execution }));
      const info = answer.workflowExecutionInfo;
      // Begun with a journal: of another run, or of this one's own past.
      const served = info?.memo?.fields?.['fork'] !== undefined;
      const timeline = info?.execution?.runId ?? '';
      return {
        timeline,
        length: Number(info?.historyLength ?? 0),
        open: !info?.closeTime,
        first: !served && info?.firstRunId === timeline && !answer.workflowExtendedInfo?.lastResetTime,
      };
    },
    page: (run, timeline, token) => within(pageMs, () => read(run, timeline, token, false)),
    async nextPage(run, timeline, token, signal) {
      try {
        return await connection.withAbortSignal(signal, () => within(pollMs, () => read(run, timeline, token, true)));
      } catch (error) {
        if (hasCode(error, code.deadlineExceeded)) return { events: [], next: token };
        throw error;
      }
    },
    async closing(run, timeline, wait, signal) {
      const execution = { workflowId: run, runId: timeline };
      const filter = { historyEventFilterType: closeEvent, waitNewEvent: wait };
      const ask = () => service.getWorkflowExecutionHistory({ namespace, execution, ...filter });
      try {
        const answer = await connection.withAbortSignal(signal, () => within(pollMs, ask));
        return answer.history?.events?.at(-1);
      } catch (error) {
        if (hasCode(error, code.deadlineExceeded)) return undefined;
        throw error;
      }
    },
    async since(run, timeline, after) {
      const found: HistoryEvent[] = [];
      let token: Token | undefined;
      do {
        const request = { namespace, execution: { workflowId: run, runId: timeline }, nextPageToken: token };
        const answer = await within(pageMs, () =>
          service.getWorkflowExecutionHistoryReverse({ ...request, maximumPageSize: eventsPerPage }),
        );
        const events = answer.history?.events ?? [];
        const news = events.filter((event) => Number(event.eventId) > after);
        found.push(...news);
        token = news.length < events.length ? undefined : tokenOf(answer.nextPageToken);
      } while (token);
      return found.toReversed();
    },
  };
}

function tokenOf(bytes: Uint8Array | null | undefined): Token | undefined {
  return bytes && bytes.length > 0 ? bytes : undefined;
}
