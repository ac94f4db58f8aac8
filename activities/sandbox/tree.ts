// The files that a sandbox sees, as one folder: Python, its packages and the libraries that both need, at neutral paths.
// Copies, so that nothing else of the machine is there, and whoever programs run as can read them.
import { cp, glob, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { printed } from './command.ts';
import type { Interpreter } from './interpreter.ts';
import { exists } from './place.ts';

/** Of the standard library; what a program has no use for, or what tells how this Python was built. */
const unwanted =
  /^(site-packages|dist-packages|test|tests|idlelib|turtledemo|tkinter|lib2to3|ensurepip|__pycache__|pydoc_data|config-.*|_tkinter\..*|_test.*|_ctypes_test\..*|xx.*|.*\.a)$/;
const buildSettings = /^_sysconfig(data|_vars).*\.(py|json)$/;

/** Where a program finds them. */
export const inside = { python: '/python/bin/python3', site: '/python/site', runner: '/python/waymark' } as const;

/** Mount points and the devices that are bound over these files. */
export const devices = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom'];
const folders = ['/tmp', '/dev/shm', inside.runner, '/usr/lib', '/python/bin'];

/** Makes all but the packages, which must be in place already. */
export async function makeTree(root: string, python: Interpreter, signal: AbortSignal): Promise<void> {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const device of devices) await writeFile(join(root, device), '');
  await cp(python.executable, join(root, inside.python));
  const library = join(root, 'python/lib', `python${python.version[0]}.${python.version[1]}`);
  await copyLibrary(python.stdlib, library);
  await copyObjects(root, python.executable, signal);
  await rm(join(root, inside.site, 'bin'), { recursive: true, force: true });
  await rm(join(root, inside.site, 'pandas/tests'), { recursive: true, force: true });
  await compile(root, python.executable, signal);
}

async function copyLibrary(from: string, to: string): Promise<void> {
  // Links may lead nowhere.
  const wanted = async (path: string) => !unwanted.test(basename(path)) && (await exists(path));
  await cp(from, to, { recursive: true, dereference: true, filter: (path) => path === from || wanted(path) });
  for (const entry of await readdir(to)) {
    if (buildSettings.test(entry))
      await writeFile(join(to, entry), entry.endsWith('.py') ? 'build_time_vars = {}\n' : '{}');
  }
}

/** Shared objects by the name under which they are asked for, the loader at the path that the interpreter names. */
async function copyObjects(root: string, executable: string, signal: AbortSignal): Promise<void> {
  const objects = [executable];
  for await (const path of glob('**/*.so*', { cwd: join(root, 'python') })) objects.push(join(root, 'python', path));
  // One that lacks something makes ldd fail; whether anything that matters is missing, the proof tells.
  const listed = await printed('sh', ['-c', 'ldd "$@" 2>/dev/null || true', 'sh', ...objects], signal);
  const paths = [...listed.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
  for (const path of new Set(paths)) {
    if (path.startsWith(root)) continue;
    const isLoader = basename(path).startsWith('ld-');
    const target = join(root, isLoader ? path : join('usr/lib', basename(path)));
    await mkdir(dirname(target), { recursive: true });
    await cp(path, target, { dereference: true });
  }
}

/** Compiled as what they are inside: neither where they lie nor when they were written is asked again. */
async function compile(root: string, executable: string, signal: AbortSignal): Promise<void> {
  const names = [
    '-s',
    root,
    '-p',
    '/',
    '--invalidation-mode',
    'unchecked-hash',
    '-x',
    '/root/python/site/.*/(tests|f2py)/',
  ];
  // Some packages ship files for other versions of Python, which do not compile.
  const script = '"$@" || true';
  const all = [executable, '-I', '-m', 'compileall', '-q', '-q', '-j', '0', ...names, join(root, 'python')];
  await printed('sh', ['-c', script, 'sh', ...all], signal, 10);
}
