// What the children of a run have spent, read from their own histories.
import { add, nothing, type Spent } from '../../activities/spent.ts';
import { unlessAbsent } from '../absent.ts';
import type { RunView } from '../events/view.ts';

/** More are not read for one answer: each is a history. */
const mostRuns = 50;
const atOnce = 8;

type ReadView = (run: string) => Promise<RunView>;

/** With their own children. Null when there are too many, or one is gone: a sum without it would be wrong. */
export async function spentByChildren(view: Pick<RunView, 'children'>, read: ReadView): Promise<Spent | null> {
  const waiting = own(view);
  let spent = nothing;
  for (let known = 0; waiting.length > 0; known += atOnce) {
    if (known + waiting.length > mostRuns) return null;
    const views = await Promise.all(waiting.splice(0, atOnce).map((run) => unlessAbsent(read(run))));
    for (const child of views) {
      if (!child) return null;
      spent = add(spent, add(child.usage, child.waste));
      waiting.push(...own(child));
    }
  }
  return spent;
}

/** Those of the run that it was forked from are that one's. */
const own = ({ children }: Pick<RunView, 'children'>): string[] =>
  children.filter(({ inherited }) => inherited !== true).map(({ run_id }) => run_id);
