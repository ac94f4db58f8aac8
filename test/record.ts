// Recorded histories: what open runs and sessions have, so that code that comes later is replayed on them.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, inject } from 'vitest';

export const replay = (history: unknown) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);

type History = Parameters<typeof historyToJSON>[0];

export interface Records {
  /** Names of their files. */
  names: string[];
  read(name: string): unknown;
  /** At its first run; an old record is never written again, for it is what open ones have. In CI it must be there. */
  keep(name: string, history: History): void;
}

/** @param folder below test/histories */
export function recordsIn(folder: string): Records {
  const path = fileURLToPath(new URL(`./histories/${folder}`, import.meta.url));
  return {
    names: existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [],
    read: (name) => JSON.parse(readFileSync(join(path, name), 'utf8')),
    keep(name, history) {
      const file = join(path, `${name}.json`);
      const missing = !existsSync(file);
      if (missing) {
        mkdirSync(path, { recursive: true });
        writeFileSync(file, `${JSON.stringify(JSON.parse(historyToJSON(history), anonymous), null, 1)}\n`);
      }
      expect(
        missing && process.env['CI'],
        `${name}.json is not in test/histories: run this test and commit it`,
      ).toBeFalsy();
    },
  };
}

/** Where and by whom it was recorded is nobody's business. */
const anonymous = (key: string, value: unknown) =>
  key === 'identity' ? 'recorded' : key === 'stackTrace' ? '' : value;
