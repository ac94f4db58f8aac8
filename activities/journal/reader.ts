// Reads the whole history of a timeline, page by page.
import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Place } from './batch.ts';
import type { HistoryEvent } from './history.ts';

/** Yields nothing when there is no such timeline (any more). */
export type HistoryReader = (place: Place, eventsAtOnce?: number) => AsyncIterable<HistoryEvent[]>;

type Answer = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;
/** Fetches what external storage holds, undoes codecs: in place. */
export type OpenHistory = (answer: Answer) => Promise<void>;

const eventsPerPage = 512;
/** https://github.com/grpc/grpc/blob/master/doc/statuscodes.md: NOT_FOUND, and INVALID_ARGUMENT for what cannot be a Run Id. */
const gone: ReadonlySet<number> = new Set([5, 3]);

export function createHistoryReader(client: Client, open: OpenHistory): HistoryReader {
  const { namespace } = client.options;
  return async function* read({ run, timeline }, maximumPageSize = eventsPerPage) {
    let nextPageToken: Uint8Array | undefined;
    do {
      const request = { namespace, execution: { workflowId: run, runId: timeline }, nextPageToken };
      let answer: Answer;
      try {
        answer = await client.workflowService.getWorkflowExecutionHistory({
          ...request,
          maximumPageSize,
        });
      } catch (error) {
        if (isGrpcServiceError(error) && gone.has(error.code)) return;
        throw error;
      }
      await open(answer);
      yield answer.history?.events ?? [];
      nextPageToken = answer.nextPageToken?.length ? answer.nextPageToken : undefined;
    } while (nextPageToken);
  };
}
