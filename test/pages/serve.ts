// Serves the saved pages of this folder on loopback, for the demo and the tests.
import { createReadStream, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const folder = new URL('.', import.meta.url);

export interface Pages {
  /** http://127.0.0.1:port */
  origin: string;
  close(): Promise<void>;
}

/**
 * @param port 0 for a free one
 * @throws Error when the port is taken
 */
export async function servePages(port: number): Promise<Pages> {
  const names = new Set(readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith('.html')));
  const server = createServer((request, response) => {
    const name = request.url?.replace(/^\//, '').replace(/\?.*$/, '') ?? '';
    if (!names.has(name)) {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('No such page.\n');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    createReadStream(new URL(name, folder)).pipe(response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The page server has no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
