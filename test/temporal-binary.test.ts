// How a Temporal CLI is found or got.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findBinary, type Ways } from '../temporal/binary.ts';
import { build } from '../temporal/build.ts';
import { download } from '../temporal/download.ts';
import { TemporalTrouble } from '../temporal/trouble.ts';
import { cliVersion } from '../temporal/version.ts';

let root: string;
let bin: string;
let cache: string;
let lines: string[];
const log = { info: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'waymark-binary-'));
  bin = join(root, 'bin');
  cache = join(root, 'cache');
  lines = [];
  await mkdir(bin);
  await mkdir(cache);
});
afterEach(() => rm(root, { recursive: true }));

async function program(path: string, script: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const temporal = (path: string, server = '1.31.2') =>
  program(path, `echo "temporal version 1.8.2 (Server ${server}, UI 2.50.1)"`);

const declined = (why: string) => () => Promise.resolve({ kind: 'declined' as const, why });
const none: Ways = { download: declined('no internet'), build: declined('no go') };

/** A `go` that takes a second, notes that it was called, and "builds" a CLI of the right version. */
const fakeGo = (ending = 'exit 0') =>
  program(
    join(bin, 'go'),
    `echo built >> ${root}/ledger
echo "go: downloading example.org/module v1.0.0" >&2
echo "example.org/module" >&2
/bin/sleep 1
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"\\n' > "$2"
/bin/chmod +x "$2"
${ending}`,
  );

test('a recent temporal on the PATH is taken before a cached one', async () => {
  await temporal(join(cache, `temporal-${cliVersion}`));
  const onPath = await temporal(join(bin, 'temporal'));
  expect(await findBinary({ cache, path: `/nowhere:${bin}` }, log, none)).toBe(onPath);
});

test('a temporal on the PATH that is too old is passed over with a line that says so', async () => {
  const cached = await temporal(join(cache, `temporal-${cliVersion}`));
  await temporal(join(bin, 'temporal'), '1.29.1');
  expect(await findBinary({ cache, path: bin }, log, none)).toBe(cached);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/1\.29\.1, older than 1\.31\.0/);
});

test('a server of version 1.100 is newer than 1.31', async () => {
  const onPath = await temporal(join(bin, 'temporal'), '1.100.0');
  expect(await findBinary({ cache, path: bin }, log, none)).toBe(onPath);
});

test('something else named temporal is passed over', async () => {
  await program(join(bin, 'temporal'), 'echo Temporal Anomaly Detector 3');
  await expect(findBinary({ cache, path: bin }, log, none)).rejects.toThrow(/does not tell its version/);
});

test('without one, a download comes before a build', async () => {
  const asked: string[] = [];
  const ways: Ways = {
    download: async (target) => {
      asked.push('download');
      return { kind: 'found', binary: await temporal(target) };
    },
    build: () => {
      asked.push('build');
      return none.build('', '', log);
    },
  };
  expect(await findBinary({ cache, path: bin }, log, ways)).toBe(join(cache, `temporal-${cliVersion}`));
  expect(asked).toEqual(['download']);
});

test('a broken cached binary is replaced by a build', async () => {
  await program(join(cache, `temporal-${cliVersion}`), 'exit 126');
  await fakeGo();
  const found = await findBinary({ cache, path: bin }, log, { ...none, build });
  expect((await promisify(execFile)(found, ['--version'])).stdout).toMatch(/1\.31\.2/);
});

test('two processes at once build once: the second waits and takes what the first made', async () => {
  await fakeGo();
  const finder = fileURLToPath(new URL('temporal-finder.ts', import.meta.url));
  const run = () => promisify(execFile)(process.execPath, [finder, cache, bin]);
  const results = await Promise.all([run(), run()]);
  expect(results.map(({ stdout }) => stdout)).toEqual(Array(2).fill(join(cache, `temporal-${cliVersion}`)));
  expect(await readFile(join(root, 'ledger'), 'utf8')).toBe('built\n');
  expect(results.map(({ stderr }) => stderr).join('')).toMatch(/Another process is getting the Temporal server/);
});

test('a build that fails leaves nothing in the cache, and its last lines are told', async () => {
  await fakeGo('echo "no route to the proxy" >&2; exit 7');
  const error: unknown = await findBinary({ cache, path: bin }, log, { ...none, build }).catch((e: unknown) => e);
  expect(String(error)).toMatch(/exit code 7[^]*no route to the proxy/);
  expect((await readdir(cache)).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test('a download from which nothing comes is given up within 12 s', async () => {
  const open = new Set<Socket>();
  const blackHole = createServer((socket) => open.add(socket)).listen(0, '127.0.0.1');
  await once(blackHole, 'listening');
  const address = blackHole.address();
  process.env.HTTPS_PROXY = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const began = Date.now();
  try {
    const outcome = await download(join(cache, `temporal-${cliVersion}`), log);
    expect(outcome).toEqual({ kind: 'declined', why: 'nothing came for 8 s' });
  } finally {
    delete process.env.HTTPS_PROXY;
    for (const socket of open) socket.destroy();
    blackHole.close();
  }
  expect(open.size).toBeGreaterThan(0);
  expect(Date.now() - began).toBeLessThan(12_000);
  expect(await readdir(cache)).toEqual([]);
});

test('when none can be had, one error says each way that was tried and what to do', async () => {
  const error: unknown = await findBinary({ cache, path: '' }, log, { ...none, build }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(TemporalTrouble);
  expect(error).toMatchObject({ type: 'temporal_not_found' });
  for (const part of [/on the PATH: there is none/, /kept from before/, /no internet/, /no `go` on the PATH/]) {
    expect(String(error)).toMatch(part);
  }
  expect(error).toMatchObject({ what_to_do: expect.stringMatching(/TEMPORAL_ADDRESS[^]*docker compose/) });
});

test('go.mod builds the version that is looked for in the cache', async () => {
  const module = await readFile(new URL('../temporal/go.mod', import.meta.url), 'utf8');
  expect(module).toMatch(`github.com/temporalio/cli v${cliVersion} `);
});
