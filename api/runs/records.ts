// Reads what Temporal itself tells of runs: descriptions and rows of lists. A memo whose stored payload is lost is told as
// null there: one lost file must not make every list that has its run unreadable.
import {
  type CountWorkflowExecution,
  WorkflowClient,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import { defaultPayloadConverter, ExternalStorage, type StorageDriver } from '@temporalio/common';
import type { ApiDeps } from '../deps.ts';

export interface Records {
  /** Of the newest timeline when none is named. Throws WorkflowNotFoundError. */
  describe(id: string, timeline?: string): Promise<WorkflowExecutionDescription>;
  /** In visibility's own order. */
  list(options: { query: string; pageSize?: number }): AsyncIterable<WorkflowExecutionInfo>;
  count(query: string): Promise<CountWorkflowExecution>;
}

export function createRecords({ client, namespace, log }: Pick<ApiDeps, 'client' | 'namespace' | 'log'>): Records {
  const { payloadCodecs, externalStorage } = client.options.loadedDataConverter;
  const lost = (error: unknown) => log.warn({ err: error }, 'the memo of a run cannot be read');
  const reader = new WorkflowClient({
    connection: client.connection,
    namespace,
    dataConverter: {
      payloadCodecs,
      ...(externalStorage && {
        externalStorage: new ExternalStorage({
          drivers: externalStorage.drivers.map((driver) => forgiving(driver, lost)),
          // Nothing is stored by reading.
          driverSelector: () => null,
        }),
      }),
    },
  });
  return {
    describe: (id, timeline) => reader.getHandle(id, timeline).describe(),
    list: (options) => reader.list(options),
    count: (query) => reader.count(query),
  };
}

function forgiving(driver: StorageDriver, lost: (error: unknown) => void): StorageDriver {
  const read: StorageDriver['retrieve'] = async (context, claims) => {
    try {
      return await driver.retrieve(context, claims);
    } catch (error) {
      lost(error);
      return claims.map(() => defaultPayloadConverter.toPayload(null));
    }
  };
  return {
    name: driver.name,
    type: driver.type,
    store: (context, payloads) => driver.store(context, payloads),
    // One by one: a lost one takes none beside it.
    retrieve: async (context, claims) => (await Promise.all(claims.map((claim) => read(context, [claim])))).flat(),
  };
}
