// A lock between processes that its holder cannot leave behind: the operating system takes it back at the holder's end.
import { DatabaseSync } from 'node:sqlite';

export interface Lock {
  /** Once or more often. */
  release(): void;
}

/** SQLite's lock on an empty database file at `path`; undefined while another process holds it. */
export function tryLock(path: string): Lock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => database.isOpen && database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
