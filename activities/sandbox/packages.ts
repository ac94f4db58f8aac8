// Installs what a requirements file pins, each file by its hash, with the pip that there is.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandFault, printed } from './command.ts';
import { SandboxUnavailable } from './sandbox.ts';
import { fetchWheel, pipWheel, WheelFault } from './wheel.ts';

/** Its settings (index, certificates, proxies) are pip's own, from its environment and its files. */
const quiet = ['--no-input', '--disable-pip-version-check', '--quiet'];
const pinned = ['--require-hashes', '--only-binary', ':all:', '--no-deps', '--no-compile', '--no-user'];

/** How pip is called: command and first arguments. */
export type Pip = [command: string, ...args: string[]];

/**
 * The interpreter's own pip, else one in an environment that is made in `folder`, else pip's own wheel from the index.
 * @throws SandboxUnavailable
 */
export async function findPip(executable: string, folder: string, index: string, signal: AbortSignal): Promise<Pip> {
  if (await works(executable, ['-m', 'pip', '--version'], signal)) return [executable, '-m', 'pip'];
  if (await works(executable, ['-m', 'venv', folder], signal)) return [join(folder, 'bin/python'), '-m', 'pip'];
  // An environment is begun before ensurepip is missed.
  await rm(folder, { recursive: true, force: true });
  try {
    return [executable, join(await fetchWheel(pipWheel, index, folder, signal), 'pip')];
  } catch (error) {
    if (!(error instanceof WheelFault)) throw error;
    throw new SandboxUnavailable(
      `${executable} has neither pip nor ensurepip, and pip could not be fetched: ${error.message}. Install python3-pip or python3-venv, or name an index that can be reached in PIP_INDEX_URL, and start again.`,
      { cause: error },
    );
  }
}

export async function install(
  [command, ...args]: Pip,
  pins: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await printed(command, [...args, 'install', ...quiet, ...pinned, '--target', target, '-r', pins], signal, 15);
  } catch (error) {
    if (!(error instanceof CommandFault)) throw error;
    throw new SandboxUnavailable(`pip could not install what Python programs need: ${error.message}`, { cause: error });
  }
}

/** Name → version of what lies in a folder of packages. */
export async function packagesIn(folder: string): Promise<Record<string, string>> {
  const found = (await readdir(folder)).toSorted().flatMap((entry) => {
    const [, name, version] = /^(.+)-([^-]+)\.dist-info$/.exec(entry) ?? [];
    return name && version ? [[name.replaceAll('_', '-'), version]] : [];
  });
  return Object.fromEntries(found);
}

async function works(command: string, args: string[], signal: AbortSignal): Promise<boolean> {
  try {
    await printed(command, args, signal);
    return true;
  } catch (error) {
    if (error instanceof CommandFault) return false;
    throw error;
  }
}
