// A TCP proxy that cuts connections in mid-answer, as a bad network does.
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  url: string;
  /** How many connections were cut so far. */
  cuts(): number;
  /** The next connections that answer break after so many bytes, one number each; after them none does. */
  plan(...bytes: number[]): void;
  /** Accepts connections and says nothing, or goes on as before. */
  freeze(frozen: boolean): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let planned: number[] = [];
  let cuts = 0;
  let frozen = false;

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let left: number | undefined;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (frozen) return;
      left ??= planned.shift();
      if (left === undefined) return void client.write(data);
      if (data.length < left) {
        left -= data.length;
        client.write(data);
        return;
      }
      cuts++;
      client.write(data.subarray(0, left), () => client.resetAndDestroy());
      upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts: () => cuts,
    plan: (...bytes) => void (planned = bytes),
    freeze: (now) => void (frozen = now),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
