// The run whose child this one is: it is told what is spent, and asked for more.
import { CancellationScope, patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { Spent } from '../../activities/spent.ts';
import { add } from '../../activities/spent.ts';
import type { Amount } from './bounds.ts';
import type { Budget } from './budget.ts';
import { boundsIn } from './kin.ts';
import type { Account, Ledger } from './ledger.ts';
import * as messages from './messages.ts';
import { createPost } from './post.ts';

export interface Parent {
  /** Something may have been spent. */
  tell(): void;
  beg(wanted: Amount): void;
  /** It has said how far this run may go. */
  allowed(allowance: unknown): void;
  /** The run lives by itself from here. */
  begin(): void;
  /** Settles when it knows all. */
  told(): Promise<void>;
}

/** A child that was forked by itself has no parent; what its journal has told one goes to nobody. */
const nobody = 'nobody';

/** Who waits for room, and was not heard, asks again. */
const patience = '10 seconds';

export function createParent(ledger: Ledger, budget: () => Budget): Parent {
  const { workflowId, parent, memo } = workflowInfo();
  const post = createPost();
  let tells = boundsIn(memo?.['family']) !== undefined;
  let last = '';
  let lives = 0;

  const total = () => {
    const { usage, waste } = ledger.children();
    return {
      child: workflowId,
      steps: budget().steps(),
      ...sumOf({ usage: ledger.usage(), waste: ledger.waste() }, { usage, waste }),
    };
  };
  const report = async (wants?: Amount) => {
    // Not at once: what is sent in the moment in which a journal ends would be taken for the journal's.
    await Promise.resolve();
    const now = total();
    const told = JSON.stringify(now);
    if (!tells || (told === last && !wants)) return;
    last = told;
    const life = lives;
    const how = await post.send(parent?.workflowId ?? nobody, messages.childSpent, {
      ...now,
      ...(wants && { wants }),
    });
    if (how === 'arrived' || life !== lives) return;
    // Older runs took whoever did not hear them for gone.
    if (how === 'gone' || !patched('runtime/4')) return leave();
    last = '';
    if (!wants) return;
    await sleep(patience);
    if (life === lives) await report(wants);
  };
  /** Nobody is there who could be told, or asked. */
  const leave = () => {
    tells = false;
    budget().allow(undefined);
  };

  return {
    tell() {
      if (tells) void report();
    },
    beg: (wanted) => void report(wanted),
    allowed(allowance) {
      const bounds = boundsIn(allowance);
      if (!bounds) return;
      budget().allow(bounds);
      if (tells) return;
      tells = true;
      void report();
    },
    begin() {
      lives++;
      last = JSON.stringify(total());
      if (tells && !parent) leave();
    },
    told: () =>
      tells
        ? CancellationScope.nonCancellable(async () => {
            await Promise.resolve();
            await post.arrived();
          })
        : Promise.resolve(),
  };
}

const sumOf = (a: Account, b: Account): { usage: Spent; waste: Spent } => ({
  usage: add(a.usage, b.usage),
  waste: add(a.waste, b.waste),
});
