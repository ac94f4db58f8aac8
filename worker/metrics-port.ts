// The figures of a worker that shares its process with no API: on a port of their own.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Registry } from 'prom-client';
import { EnvironmentError } from './environment.ts';

export interface MetricsPort {
  /** http://host:port/metrics */
  url: string;
  close(): void;
}

/** @throws EnvironmentError in one line when the port is in use */
export async function openMetricsPort(registry: Registry, host: string, port: number): Promise<MetricsPort> {
  const server = createServer((request, response) => {
    const isAsked = request.method === 'GET' && request.url?.split('?')[0] === '/metrics';
    if (!isAsked) return void response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Only GET /metrics.\n');
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new EnvironmentError(`Port ${port} on ${host} is in use. Choose another one: WAYMARK_METRICS_PORT.`);
  }
  const address = server.address();
  const real = typeof address === 'object' && address ? address.port : port;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${real}/metrics`, close };
}
