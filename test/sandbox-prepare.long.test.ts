// The preparing itself, on data folders of its own: killed in the middle, by two at once, found again, as another user,
// with a Python that has no pip.
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from './program.ts';

const main = fileURLToPath(new URL('./sandbox-main.ts', import.meta.url));
const minutes = 5 * 60_000;
const folders: string[] = [];
let data: string;
beforeAll(async () => {
  data = await newData(0o755);
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newData(mode: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-prepare-'));
  folders.push(folder);
  await chmod(folder, mode);
  return folder;
}

const start = (command = process.execPath, args: string[] = [], python = '') =>
  startProgram(command, [...args, main, data, python], { env: process.env, cwd: '/' });

const ready = /"kind":"ready".*"kind":"result"/;
/** What is there whole, and what is being made. */
const made = async () =>
  (await readdir(join(data, 'python'))).filter((name) => /^3\.\d+\.\d+-[0-9a-f]{16}$/.test(name));
const parts = async () => (await readdir(join(data, 'python'))).filter((name) => name.includes('.part-'));

test(
  'killed in the middle it leaves nothing that looks whole, and the next two at once make it one',
  async () => {
    const first = start();
    await first.says(/preparing pandas/);
    await sleep(4000);
    first.signalGroup('SIGKILL');
    await first.ended;
    expect(await made()).toEqual([]);
    expect(await parts()).toHaveLength(1);

    const two = [start(), start()];
    await Promise.all(two.map((one) => one.says(ready, minutes)));
    await Promise.all(two.map(({ ended }) => ended));
    expect(await made()).toHaveLength(1);
    expect(await parts()).toEqual([]);
  },
  minutes,
);

test('the next start finds it', async () => {
  const again = start();
  await again.says(ready);
  expect(again.output()).not.toContain('preparing pandas');
  expect(await again.ended).toMatchObject({ code: 0 });
});

const other = { uid: 1234, gid: 1234 };
const look = ['-e', 'require("fs").readFileSync(process.argv[1])', main];
/** Root may be another user; whether that one can read these files depends on where they lie. */
const canBeOther = process.getuid?.() === 0 && spawnSync(process.execPath, look, other).status === 0;

test.runIf(canBeOther)(
  'a user without any privilege makes its own',
  async () => {
    data = await newData(0o777);
    const user = start('setpriv', ['--reuid', '1234', '--regid', '1234', '--clear-groups', process.execPath]);
    await user.says(ready, minutes);
    expect(await made()).toHaveLength(1);
  },
  minutes,
);

/** The system's Python as Debian has it when nothing but `python3` is installed: without pip, ensurepip, distutils. */
const makeBare = `
  set -e
  mkdir -p "$1/bin" "$1/lib"
  cp "$(readlink -f /usr/bin/python3)" "$1/bin/python3"
  cp -rL "$(/usr/bin/python3 -Ic 'import sysconfig; print(sysconfig.get_path("stdlib"))')" "$1/lib/" || true
  cd "$1"/lib/python3.*
  rm -rf ensurepip site-packages dist-packages distutils lib2to3 test
  cd /
  "$1/bin/python3" -c 'import encodings, json, ssl, venv'
  ! "$1/bin/python3" -c 'import pip' && ! "$1/bin/python3" -c 'import ensurepip'
`;
const bare = join(tmpdir(), `waymark-bare-${process.pid}`);
folders.push(bare);
const canBeBare = spawnSync('sh', ['-c', makeBare, 'sh', bare], { stdio: 'ignore' }).status === 0;

test.runIf(canBeBare)(
  'a Python without pip gets it from the index, and keeps nothing of it',
  async () => {
    data = await newData(0o755);
    const one = start(process.execPath, [], join(bare, 'bin/python3'));
    await one.says(ready, minutes);
    const [name = ''] = await made();
    const all = await readdir(join(data, 'python', name), { recursive: true });
    expect(all).toContain('manifest.json');
    expect(all.filter((path) => /\bpip\b/.test(path))).toEqual([]);
  },
  minutes,
);
