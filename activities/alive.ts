// Says that an activity without an attempt of its own is still at work: a worker that dies meanwhile is noticed within seconds, not
// after minutes, and one whose caller has gone learns it.
import { Context } from '@temporalio/activity';

const beatMs = 1000;

export const alive =
  <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
  async (...given: Given): Promise<Result> => {
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), beatMs);
    try {
      return await work(...given);
    } finally {
      clearInterval(timer);
    }
  };
