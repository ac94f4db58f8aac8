// Starts the embedded server again whenever it ends without having been asked to.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { ServerProcess } from './server.ts';

export interface Keeper {
  /** Ends the server, and a start that is under way. */
  stop(): Promise<void>;
}

/** Between two starts: 100 ms, doubled up to this many ms; 100 ms again once a server has lived for a minute. */
const longestWait = 5000;

/** Rejects when the first start fails. `start` is to use the same ports and data each time. */
export async function keepAlive(start: (signal: AbortSignal) => Promise<ServerProcess>, log: Log): Promise<Keeper> {
  const stopping = new AbortController();
  let server = await start(stopping.signal);
  const kept = keep();
  return {
    stop: async () => {
      stopping.abort();
      await server.stop();
      await kept;
    },
  };

  async function keep(): Promise<void> {
    let wait = 100;
    for (;;) {
      const began = Date.now();
      const how = await server.ended;
      if (stopping.signal.aborted) return;
      if (Date.now() - began > 60_000) wait = 100;
      log.warn(`${how}\nIt is started again; runs go on from where they were.`);
      const next = await startAgain(wait);
      if (!next) return;
      ({ server, wait } = next);
    }
  }

  async function startAgain(first: number): Promise<{ server: ServerProcess; wait: number } | undefined> {
    for (let wait = first; ; wait = Math.min(wait * 2, longestWait)) {
      try {
        await sleep(wait, undefined, { signal: stopping.signal });
        const again = await start(stopping.signal);
        log.info(`The Temporal server is there again at ${again.address}.`);
        return { server: again, wait: Math.min(wait * 2, longestWait) };
      } catch (error) {
        if (stopping.signal.aborted) return undefined;
        log.warn(String(error));
      }
    }
  }
}
