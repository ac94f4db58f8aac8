// A web site on this machine for one test: it answers as told, and counts who comes.
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';

export interface Site {
  port: number;
  /** http://127.0.0.1:port */
  origin: string;
  /** Connections accepted so far. */
  connections(): number;
  /** Bytes received so far on all of them, TLS included. */
  received(): number;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

/** Listens on every address of this machine, so that no spelling of loopback can miss it; IPv4 alone where IPv6 is off. */
export async function startSite(answer: RequestListener): Promise<Site> {
  return listen(createServer(answer), 'http');
}

/** With a certificate of its own making for page.test. */
export async function startTlsSite(answer: RequestListener): Promise<Site> {
  return listen(createTlsServer({ key: tlsFile('key.pem'), cert: tlsFile('certificate.pem') }, answer), 'https');
}

export const tlsFile = (name: string) => readFileSync(new URL(`tls/${name}`, import.meta.url), 'utf8');

/** An answer with one HTML page. */
export function html(source: string | Buffer, headers: Record<string, string> = {}, status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(source);
  };
}

/** Answers by path; every other path is 404. */
export function paths(answers: Record<string, RequestListener>): RequestListener {
  return (request, response) => {
    const answer = answers[request.url ?? ''];
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  };
}

async function listen(server: ReturnType<typeof createServer>, scheme: string): Promise<Site> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let closedBytes = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      closedBytes += socket.bytesRead;
    });
  });
  const { port } = await bound(server);
  return {
    port,
    origin: `${scheme}://127.0.0.1:${port}`,
    connections: () => connections,
    received: () => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, closedBytes),
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function bound(server: ReturnType<typeof createServer>): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const ready = () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The site has no port.'));
      else resolve(address);
    };
    server.once('error', () => server.once('error', reject).listen(0, '0.0.0.0', ready));
    server.listen(0, '::', ready);
  });
}
