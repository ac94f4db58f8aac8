// The client of Temporal, speaking as the workers do.
import { Client, type ConnectionLike } from '@temporalio/client';
import type { TemporalConfig } from '../temporal/config.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';

export function clientOn(connection: ConnectionLike, config: TemporalConfig): Client {
  const dataConverter = createDataConverter(blobs(config.data));
  return new Client({ connection, namespace: config.namespace, dataConverter });
}
