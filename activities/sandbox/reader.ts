// Reads answers; large ones on a thread of its own, for heartbeats cannot wait.
import { Piscina } from 'piscina';
import { type Answer, readAnswer } from './answer.ts';

export interface AnswerReader {
  read(bytes: Buffer): Promise<Answer | undefined>;
  close(): Promise<void>;
}

/** Takes the main thread less than 10 ms. */
const smallBytes = 256 * 1024;
const idleMs = 10_000;

export function createAnswerReader(): AnswerReader {
  const pool = new Piscina<Uint8Array, Answer | undefined>({
    filename: new URL('./thread.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: idleMs,
    recordTiming: false,
  });
  return {
    async read(bytes) {
      return bytes.length <= smallBytes ? readAnswer(bytes) : pool.run(bytes);
    },
    close: () => pool.destroy(),
  };
}
