// Finds a Temporal CLI, or gets one: the ways in their order.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './build.ts';
import { download } from './download.ts';
import { type Lock, tryLock } from './lock.ts';
import type { Log } from './log.ts';
import { inspect, type Outcome, which } from './program.ts';
import { TemporalTrouble } from './trouble.ts';
import { cliVersion } from './version.ts';

export interface Places {
  /** Folder of the cached binary. */
  cache: string;
  /** PATH. */
  path: string;
}

/** Each puts a binary at `target`, in a folder that exists, while no other process does. */
export interface Ways {
  download(target: string, log: Log): Promise<Outcome>;
  build(target: string, path: string, log: Log): Promise<Outcome>;
}

/** Absolute path of a Temporal CLI whose server is recent enough. Throws TemporalTrouble `temporal_not_found`. */
export async function findBinary(places: Places, log: Log, ways: Ways = { download, build }): Promise<string> {
  const target = join(places.cache, `temporal-${cliVersion}`);
  const declined: string[] = [];
  const taken = async (name: string, way: () => Promise<Outcome>): Promise<string | undefined> => {
    const outcome = await way();
    if (outcome.kind === 'found') return outcome.binary;
    declined.push(`${name}: ${outcome.why}`);
    return undefined;
  };
  const present =
    (await taken('`temporal` on the PATH', () => onPath(places.path, log))) ??
    (await taken('one kept from before', () => inspect(target)));
  if (present) return present;
  await mkdir(places.cache, { recursive: true });
  const lock = await untilLocked(`${target}.lock`, log);
  try {
    const madeMeanwhile = await inspect(target);
    if (madeMeanwhile.kind === 'found') return target;
    const made =
      (await taken('download by the Temporal SDK', () => ways.download(target, log))) ??
      (await taken('build from source', () => ways.build(target, places.path, log)));
    if (made) return made;
  } finally {
    lock.release();
  }
  throw notFound(declined);
}

async function onPath(path: string, log: Log): Promise<Outcome> {
  const binary = await which('temporal', path);
  if (!binary) return { kind: 'declined', why: 'there is none' };
  const outcome = await inspect(binary);
  if (outcome.kind === 'declined') log.warn(`The \`temporal\` on the PATH is passed over: ${outcome.why}.`);
  return outcome;
}

async function untilLocked(path: string, log: Log): Promise<Lock> {
  for (let tries = 0; ; tries++) {
    const lock = tryLock(path);
    if (lock) return lock;
    if (tries === 0) log.info('Another process is getting the Temporal server; waiting for it.');
    await sleep(250);
  }
}

const notFound = (declined: string[]): TemporalTrouble =>
  new TemporalTrouble(
    'temporal_not_found',
    `Waymark runs on a Temporal server, and none can be had here:\n${declined.map((line) => `  - ${line}`).join('\n')}`,
    [
      'Any one of these helps:',
      '  - set TEMPORAL_ADDRESS to a server that runs elsewhere (then nothing is started here);',
      `  - put the Temporal CLI, ${cliVersion} or later, on the PATH: https://docs.temporal.io/cli/setup-cli`,
      '  - install Go 1.21 or later and let this machine reach a Go module proxy: the server is then built, once;',
      '  - run Temporal in Docker: docker compose -f docker-compose.temporal.yml up -d, with TEMPORAL_ADDRESS=127.0.0.1:7233.',
    ].join('\n'),
  );
