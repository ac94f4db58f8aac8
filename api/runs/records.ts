// Reads what Temporal itself tells of runs: descriptions and rows of lists. A memo whose stored payload is lost is told as
// null there: one lost file must not make every list that has its run unreadable.
import { WorkflowClient } from '@temporalio/client';
import { defaultPayloadConverter, ExternalStorage, type StorageDriver } from '@temporalio/common';
import type { ApiDeps } from '../deps.ts';

export type Records = Pick<WorkflowClient, 'list' | 'count' | 'getHandle'>;

export function createRecords({ client, namespace, log }: Pick<ApiDeps, 'client' | 'namespace' | 'log'>): Records {
  const { payloadCodecs, externalStorage } = client.options.loadedDataConverter;
  const lost = (error: unknown) => log.warn({ err: error }, 'the memo of a run cannot be read');
  return new WorkflowClient({
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
