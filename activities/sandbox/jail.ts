// How a sandbox is built around process 1: everything that bubblewrap is told.
import type { Prepared } from './prepare.ts';
import { devices, inside } from './tree.ts';

export interface Jail {
  command: string;
  /** `bare` leaves pandas to be loaded by whoever needs it. */
  args(load: 'pandas' | 'bare'): string[];
  /** Whom bubblewrap runs as; undefined: as the service's own user. */
  user: { uid: number; gid: number } | undefined;
}

/** File descriptors that bubblewrap is given besides the first three, and closes. */
export const descriptors = { information: 3, filter: 4 } as const;

/** Shared memory of its own processes: semaphores, small arrays. */
const sharedMemory = 16 * 1024 * 1024;

/**
 * No /proc: it would show where on the machine the mounts come from, and what the machine is; nothing that a function
 * of data needs. One processor thread for the linear algebra: threads count as processes.
 */
const variables = {
  HOME: '/tmp',
  TMPDIR: '/tmp',
  PATH: '/python/bin',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  LD_LIBRARY_PATH: '/usr/lib',
  OPENBLAS_NUM_THREADS: '1',
  // Else each thread reserves 64 MB of addresses, and addresses are what is limited.
  MALLOC_ARENA_MAX: '1',
};

export function createJail({ bwrap, root, runner }: Prepared, disk: number, uid: number | undefined): Jail {
  const { information, filter } = descriptors;
  const args = [
    ['--unshare-user', '--unshare-all', '--disable-userns', '--new-session', '--die-with-parent', '--as-pid-1'],
    ['--info-fd', `${information}`, '--seccomp', `${filter}`, '--hostname', 'sandbox', '--clearenv'],
    ['--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL'],
    ['--ro-bind', root, '/', '--ro-bind', runner, inside.runner],
    ...devices.map((path) => ['--dev-bind', path, path]),
    ['--size', `${disk}`, '--tmpfs', '/tmp', '--size', `${sharedMemory}`, '--tmpfs', '/dev/shm'],
    ...Object.entries(variables).map(([name, value]) => ['--setenv', name, value]),
    ['--chdir', '/tmp', '--', inside.python, '-I', '-S', '-B', '-X', 'utf8', `${inside.runner}/runner.py`],
  ].flat();
  return {
    command: bwrap,
    args: (load) => [...args, load],
    user: uid === undefined ? undefined : { uid, gid: uid },
  };
}
