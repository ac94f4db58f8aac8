// Free ports on loopback for a server that we start.
import { createServer, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const loopback = '127.0.0.1';

/** True when nothing listens on the port; another process may still take it before it is used. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, loopback, () => probe.close(() => resolve(true)));
  });
}

/** Waits for a port that its holder is about to leave, at most 2 s. */
export async function untilFree(port: number): Promise<void> {
  for (let tries = 0; tries < 40 && !(await isFree(port)); tries++) await sleep(50);
}

/** The first free port from `port` upwards, leaving out `taken`. */
export async function nextFree(port: number, taken: number[] = []): Promise<number> {
  for (let candidate = port; candidate < 65_536; candidate++) {
    if (!taken.includes(candidate) && (await isFree(candidate))) return candidate;
  }
  throw new Error(`No free port from ${port} upwards.`);
}

/** True when something accepts connections there. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, loopback);
    const end = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(1000, () => end(false));
  });
}
