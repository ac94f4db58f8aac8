// The API with all that it needs, made from the environment, listening; ended without cutting an answer short.
import { once } from 'node:events';
import { serve, type ServerType } from '@hono/node-server';
import type { Client } from '@temporalio/client';
import { Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { Hub } from '../activities/hub.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { createApp } from '../api/app.ts';
import type { Catalogue } from '../api/catalogue.ts';
import { historyConnection } from '../api/events/history.ts';
import type { Open } from '../api/events/payload.ts';
import { createStreams } from '../api/events/streams.ts';
import type { Temporal } from '../temporal/access.ts';
import type { TemporalConfig } from '../temporal/config.ts';
import { blobs, createDataConverter } from '../temporal/converter.ts';
import { openPayloads } from '../temporal/payloads.ts';
import * as shipped from '../workflows/index.ts';
import { taskQueue } from '../workflows/runtime/messages.ts';
import { EnvironmentError, type Environment } from './environment.ts';
import { version } from './version.ts';

export interface ApiParts {
  environment: Environment;
  config: TemporalConfig;
  temporal: Temporal;
  client: Client;
  /** Undefined without a worker in this process: steps then show their text when they are done. */
  hub: Hub | undefined;
  /** The worker's own, when it is in this process. */
  sandbox?: Pick<Sandbox, 'state'>;
  /** The client is on a worker's own connection: it may ask for a run's first task with its start. */
  eagerStart: boolean;
  /** What can be started; absent: the shipped catalogue. */
  catalogue?: Catalogue;
  log: Logger;
}

export interface OpenApi {
  /** Where it listens, as http://host:port. */
  url: string;
  /** Takes no more requests, ends the streams; their clients come back to wherever the service is next. */
  close(): Promise<void>;
}

/** @throws EnvironmentError in one line when the port is in use */
export async function openApi({
  environment,
  config,
  temporal,
  client,
  hub,
  sandbox,
  eagerStart,
  catalogue = shipped,
  log,
}: ApiParts): Promise<OpenApi> {
  const payloads = openPayloads(createDataConverter(blobs(config.data)));
  const connection = Connection.lazy({ ...temporal.connection, ...historyConnection() });
  const open: Open = (payload) => payloads.value([payload]);
  const streams = createStreams({
    connection,
    namespace: config.namespace,
    open,
    hub,
  });
  const app = createApp({
    client,
    namespace: config.namespace,
    taskQueue,
    streams,
    open,
    hub,
    sandbox,
    catalogue,
    log,
    temporalUi: temporal.uiUrl,
    config: {
      version,
      corsOrigins: environment.CORS_ORIGINS,
      eagerStart,
      // The server tells a poll's time at its start, and a poll lasts 10 s on ours, 60 s elsewhere.
      workerSeenWithinMs: temporal.kind === 'external' ? 70_000 : 15_000,
      showFaults: environment.LOG_LEVEL === 'debug',
    },
  });
  const sockets = new WebSocketServer({ noServer: true });
  const { API_HOST: hostname, API_PORT: port } = environment;
  const server = serve({ fetch: app.fetch, hostname, port, websocket: { server: sockets } });
  const url = await listening(server, hostname, port);
  return {
    url,
    async close() {
      const closed = once(server, 'close');
      server.close();
      await streams.close();
      for (const socket of sockets.clients) socket.close(1001);
      if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 1000).unref();
      // The streams' connection stays: closed under a call that gRPC is about to retry, it throws where nobody can catch it.
      await closed;
    },
  };
}

async function listening(server: ServerType, hostname: string, port: number): Promise<string> {
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new EnvironmentError(`Port ${port} on ${hostname} is in use. Choose another one: --port, or API_PORT.`);
  }
  const address = server.address();
  const real = typeof address === 'object' && address ? address.port : port;
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${real}`;
}
