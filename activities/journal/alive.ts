// Says that a journal is still being read: a worker that dies meanwhile is noticed within seconds, not after minutes.
import { Context } from '@temporalio/activity';
import type { ReadJournal } from './journal.ts';

const beatMs = 1000;

export const alive =
  (read: ReadJournal): ReadJournal =>
  async (opening, from) => {
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), beatMs);
    try {
      return await read(opening, from);
    } finally {
      clearInterval(timer);
    }
  };
