// What was written here a moment ago: visibility lags, and who has just made an agent looks for it in the list.
import type { Belongs, MayUse } from './definitions.ts';
import type { AgentRow } from './shape.ts';

export interface WrittenAgents {
  /** Null: it was deleted. */
  wrote(name: string, row: AgentRow | null, of: Belongs): void;
  /** Puts the rows right: those that visibility does not have yet, has as they were, or has still. */
  correct(rows: Map<string, AgentRow>, tag: string | undefined, mayUse: MayUse): void;
}

/** Visibility lags by a tenth of a second, on a server of default settings by a whole one. */
const keptMs = 3000;

export function createWrittenAgents(clock: () => number = Date.now): WrittenAgents {
  const written = new Map<string, { at: number; row: AgentRow | null; of: Belongs }>();
  return {
    wrote(name, row, of) {
      for (const [old, { at }] of written) if (clock() - at > keptMs) written.delete(old);
      written.delete(name);
      written.set(name, { at: clock(), row, of });
    },
    correct(rows, tag, mayUse) {
      for (const [name, { at, row, of }] of written) {
        const listed = rows.get(name);
        if (clock() - at > keptMs) written.delete(name);
        else if (!mayUse(of)) continue;
        else if (!row || (tag !== undefined && !row.tags.includes(tag))) rows.delete(name);
        else if (!listed || listed.updated_at < row.updated_at) rows.set(name, row);
      }
    },
  };
}
