// What was written here a moment ago: visibility lags, and who has just made an agent looks for it in the list.
import type { AgentRow } from './shape.ts';

export interface WrittenAgents {
  /** Null: it was deleted. */
  wrote(name: string, row: AgentRow | null): void;
  /** Puts the rows right: those that visibility does not have yet, has as they were, or has still. */
  correct(rows: Map<string, AgentRow>, tag: string | undefined): void;
}

/** Visibility lags by a tenth of a second, on a server of default settings by a whole one. */
const keptMs = 3000;

export function createWrittenAgents(clock: () => number = Date.now): WrittenAgents {
  const written = new Map<string, { at: number; row: AgentRow | null }>();
  return {
    wrote(name, row) {
      for (const [old, { at }] of written) if (clock() - at > keptMs) written.delete(old);
      written.delete(name);
      written.set(name, { at: clock(), row });
    },
    correct(rows, tag) {
      for (const [name, { at, row }] of written) {
        const listed = rows.get(name);
        if (clock() - at > keptMs) written.delete(name);
        else if (!row || (tag !== undefined && !row.tags.includes(tag))) rows.delete(name);
        else if (!listed || listed.updated_at < row.updated_at) rows.set(name, row);
      }
    },
  };
}
