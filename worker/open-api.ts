// The API with all that it needs, made from the environment, listening; ended without cutting an answer short.
import { once } from 'node:events';
import { serve, type ServerType } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { seedAgents } from '../api/agents/seed.ts';
import { createApp } from '../api/app.ts';
import { endStale } from '../api/doors/research/stale.ts';
import { type ApiParts, createApiDeps } from './api-deps.ts';
import { EnvironmentError } from './environment.ts';

export interface OpenApi {
  /** Where it listens, as http://host:port. */
  url: string;
  /** Takes no more requests, ends the streams; their clients come back to wherever the service is next. */
  close(): Promise<void>;
}

/** @throws EnvironmentError in one line when the port is in use */
export async function openApi(parts: ApiParts): Promise<OpenApi> {
  const deps = createApiDeps(parts);
  const app = createApp(deps);
  const sockets = new WebSocketServer({ noServer: true });
  const { API_HOST: hostname, API_PORT: port } = parts.environment;
  const server = serve({ fetch: app.fetch, hostname, port, websocket: { server: sockets } });
  const url = await listening(server, hostname, port);
  const closing = new AbortController();
  void seedAgents(deps, closing.signal);
  void endStale(deps, closing.signal, (line) => process.stdout.write(`${line}\n`));
  return {
    url,
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      await deps.streams.close();
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
