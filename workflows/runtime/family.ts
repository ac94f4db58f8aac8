// A run and its children: they tell it what they spend, and it hands on to them what it is told.
import { CancellationScope, patched } from '@temporalio/workflow';
import { type Amount, noAmount } from './bounds.ts';
import type { Budget } from './budget.ts';
import { type Allowance, allowanceOf, amountOf, type ChildTold, childToldIn } from './kin.ts';
import type { Ledger } from './ledger.ts';
import * as messages from './messages.ts';
import type { PauseMode, ResumeAction } from './messages.ts';
import { createPost } from './post.ts';

export interface Family {
  /** What a child's memo must tell it when it begins; undefined: nothing. */
  memo(): { family: Allowance } | undefined;
  /** A child was asked for. */
  child(id: string, started: Promise<unknown>, ended: Promise<unknown>): void;
  pause(mode: PauseMode): void;
  resume(action: ResumeAction): void;
  /** The limits have changed: children that knew of none hear of them. */
  limited(): void;
  /** A child has told what it has spent. */
  heard(report: unknown): void;
  /** The counters stand at zero. */
  begin(): void;
}

interface Child {
  /** As the code knows it. Another one may be refused for having the same. */
  id: string;
  started: Promise<unknown>;
  /** Waits for room in the name of the child. */
  waiting?: CancellationScope;
  /** It was told that nothing is left. */
  held: boolean;
  /** It tells what it spends. */
  tells: boolean;
  /** The newest. */
  told?: ChildTold;
}

export function createFamily(ledger: Ledger, budget: Budget): Family {
  const children = new Set<Child>();
  const post = createPost();

  /** One that has not begun cannot be reached. */
  const when = async (child: Child, send: () => Promise<unknown>) => {
    await child.started.catch(() => {});
    if (children.has(child)) await send();
  };
  const allow = (child: Child, allowance: Allowance) => {
    child.tells = true;
    void when(child, () => post.send(child.id, messages.allowance, allowance));
  };
  const grant = (child: Child) => {
    child.held = false;
    allow(child, allowanceOf(budget.left(child.told ? amountOf(child.told) : noAmount)));
  };
  const hold = (child: Child) => {
    child.held = true;
    allow(child, { until: 0 });
  };
  /** In the name of a child that wants more. */
  const wait = async (child: Child, wanted: Amount) => {
    child.waiting?.cancel();
    const scope = new CancellationScope();
    child.waiting = scope;
    try {
      await scope.run(() => budget.room(wanted));
      grant(child);
    } catch {
      // The run ends, the child has ended, or it wants something else by now.
    } finally {
      if (child.waiting === scope) delete child.waiting;
    }
  };
  /** Runs that began with older code have told their children nothing. */
  const tellAll = (tell: (id: string) => Promise<unknown>) => {
    if (children.size === 0 || !patched('runtime/1')) return;
    for (const child of children) void when(child, () => tell(child.id));
  };

  return {
    memo: () => (budget.limited ? { family: allowanceOf(budget.left(noAmount)) } : undefined),
    child(id, started, ended) {
      const child: Child = { id, started, held: false, tells: budget.limited };
      children.add(child);
      const close = async () => {
        await ended.catch(() => {});
        children.delete(child);
        child.waiting?.cancel();
      };
      void close();
    },
    pause: (mode) => tellAll((id) => post.send(id, messages.pause, mode)),
    resume: (action) => tellAll((id) => post.send(id, messages.resume, action)),
    limited() {
      const spent = budget.isSpent();
      for (const child of children) {
        if (spent) hold(child);
        else if (budget.limited && !child.tells) grant(child);
      }
    },
    heard(told) {
      const report = childToldIn(told);
      if (!report) return;
      const child = [...children].find(({ id }) => isNameOf(report.child, id));
      if (!child) return;
      child.told = report;
      ledger.childSpent(report);
      const spent = budget.isSpent();
      for (const child of children) if (spent && !child.held && !child.waiting) hold(child);
      if (report.wants) void wait(child, report.wants);
    },
    begin() {
      for (const child of children) {
        child.held = false;
        delete child.told;
      }
    },
  };
}

/** A fork's child is called after the source's (journal/child.ts), and the code knows it by the old name. */
const isNameOf = (name: string, id: string): boolean => name === id || name.startsWith(`${id}~`);
