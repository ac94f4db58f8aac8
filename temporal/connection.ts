// How a client and a worker are connected to the Temporal server that was found.
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { ConnectionSettings } from './config.ts';
import type { Log } from './log.ts';

const channelArgs = {
  // One page of history may hold 50 MB; gRPC's own limit of 4 MB would refuse it.
  'grpc.max_receive_message_length': 128 * 1024 * 1024,
  // After an outage the server is found again within 2 s; gRPC's own wait grows to 2 minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** For a process without a worker. Connects with its first call, so that it can start while Temporal is away. */
export const clientConnection = (settings: ConnectionSettings): Connection =>
  Connection.lazy({ ...settings, channelArgs });

/** For a worker, and for a client in its process. Waits, with one line in the log, until the server is there. */
export async function workerConnection(
  settings: ConnectionSettings,
  log: Log,
  signal?: AbortSignal,
): Promise<NativeConnection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await NativeConnection.connect(settings);
    } catch (error) {
      if (attempt === 1)
        log.warn(`Temporal at ${settings.address} does not answer; waiting for it. (${String(error)})`);
      await sleep(1000, undefined, { signal });
    }
  }
}
