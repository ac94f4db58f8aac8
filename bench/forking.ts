// The figures of forking: they share their source runs, which take longest.
import type { Bench } from './bench.ts';
import { measureFork } from './measures/fork.ts';
import { measureHistory } from './measures/history.ts';
import { measureRestore } from './measures/restore.ts';
import type { Figures } from './report.ts';
import { openSources } from './sources.ts';

/** Of the sources, in steps. The larger take half a minute and several minutes to come to their end. */
const sizes = { always: [10, 100], named: [1_000], long: [10_000] };
const restored = [100, 1_000];

export type Forking = Pick<Figures, 'fork' | 'restore' | 'history'>;

export interface Choice {
  wanted: (name: keyof Forking) => boolean;
  /** Asked for by name: not beside everything else, which takes its time, too. */
  named: boolean;
  long: boolean;
  say: (line: string) => void;
}

/** Fills `figures` one by one. Restores come last: they change their sources. */
export async function measureForking(bench: Bench, choice: Choice, figures: Forking): Promise<void> {
  const { wanted, say } = choice;
  const [fork, history, restore] = [wanted('fork'), wanted('history'), wanted('restore')];
  if (!fork && !history && !restore) return;
  const chosen = sizesOf(choice).filter((steps) => fork || history || restored.includes(steps));
  say(`Runs to fork, of ${chosen.join(', ')} steps …`);
  const sources = await openSources(bench, chosen);
  if (fork) {
    say('Forks …');
    figures.fork = [];
    for (const source of sources) figures.fork.push(await measureFork(bench, source));
  }
  if (history) {
    say('Histories …');
    figures.history = [];
    for (const source of sources) figures.history.push(await measureHistory(bench, source));
  }
  if (restore) {
    say('Restores in place …');
    figures.restore = [];
    for (const source of sources.filter(({ steps }) => restored.includes(steps)))
      figures.restore.push(await measureRestore(bench, source));
  }
}

const sizesOf = ({ named, long }: Choice): number[] => [
  ...sizes.always,
  ...(named || long ? sizes.named : []),
  ...(long ? sizes.long : []),
];
