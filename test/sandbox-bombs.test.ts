// Programs that take all they can get, four at once: each is ended at its limit, nothing is left behind, and the service
// goes on meanwhile. None is started before a harmless program has shown that the boundary stands.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LimitName, Outcome, ProgramLimits, Sandbox } from '../activities/sandbox/sandbox.ts';
import { descendantsOf } from './processes.ts';
import { showBoundary } from './sandbox-boundary.ts';
import { openTestSandbox, preparingMs, runCode } from './sandbox-stage.ts';
import { sampleOf, seed } from './sample.ts';

let sandbox: Sandbox;
let boundary: Promise<void>;
beforeAll(async () => {
  sandbox = await openTestSandbox();
  boundary = showBoundary(sandbox);
  await boundary;
}, preparingMs);
afterAll(() => sandbox?.close());

const mebi = 1024 ** 2;
const limits: Partial<ProgramLimits> = {
  time_ms: 2000,
  cpu_s: 1,
  memory: 192 * mebi,
  processes: 24,
  file_size: 20 * mebi,
};

interface Bomb {
  code: string;
  /** Where it may end, besides at its time: on a busy machine that can come first. */
  ends: (LimitName | 'exited' | 'exception')[];
}

/** Once more by themselves: outside of a sandbox none of them does anything. */
const guard = `import os
if os.getppid() != 1 or os.getpid() > 9 or os.getuid() != 1000 or os.path.exists('/proc/1'):
    raise SystemError('This is no sandbox: nothing was done.')
`;

const bombs: Record<string, Bomb> = {
  'memory, in one piece': { code: 'return bytearray(1 << 34)', ends: ['memory'] },
  'memory, bit by bit': { code: 'held = []\nwhile True: held.append(bytearray(1 << 20))', ends: ['memory'] },
  'memory of many processes': {
    code: `import time
for _ in range(12):
    if os.fork() == 0:
        held = bytearray(60 << 20)
        time.sleep(60)
time.sleep(60)`,
    ends: ['memory'],
  },
  'memory, shared': {
    code: `import mmap, time
for _ in range(12):
    if os.fork() == 0:
        held = mmap.mmap(-1, 60 << 20)
        for at in range(0, 60 << 20, 4096): held[at] = 1
        time.sleep(60)
time.sleep(60)`,
    ends: ['memory'],
  },
  'a processor': { code: 'while True: pass', ends: ['cpu'] },
  'processors, by threads': {
    code: `import threading
def turn():
    while True: pass
for _ in range(8): threading.Thread(target=turn).start()
turn()`,
    ends: ['cpu', 'processes'],
  },
  'large integers': { code: 'return 9 ** 9 ** 9', ends: ['cpu', 'memory'] },
  'a fork bomb': { code: 'while True:\n    try: os.fork()\n    except OSError: pass', ends: ['cpu'] },
  'a fork bomb that ends its parents': {
    code: 'while True:\n    if os.fork() > 0: os._exit(0)',
    ends: ['exited', 'cpu', 'processes'],
  },
  disk: {
    code: 'for i in range(10_000):\n    with open(f"/tmp/{i}", "wb") as file: file.write(bytes(8 << 20))',
    ends: ['disk'],
  },
  'one file': {
    code: 'with open("/tmp/one", "wb") as file:\n    while True: file.write(bytes(1 << 20))',
    ends: ['file_size'],
  },
  stdout: { code: 'while True: print("x" * 1000)', ends: ['output'] },
  'stdout of children': {
    code: 'import time\nfor _ in range(4):\n    if os.fork() == 0:\n        while True: os.write(1, b"x" * 60_000)\ntime.sleep(60)',
    ends: ['output'],
  },
  recursion: {
    code: 'import sys\nsys.setrecursionlimit(10 ** 9)\ndef again(n): return [again(n + 1)]\nreturn again(0)',
    ends: ['exited', 'memory', 'cpu', 'exception'],
  },
  'a regular expression': {
    code: 'import re\nre.match(r"(a+)+$", "a" * 40 + "b")',
    ends: ['cpu'],
  },
  sleep: { code: 'import time\ntime.sleep(3600)', ends: [] },
  'every signal ignored': {
    code: `import signal
for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try: signal.signal(each, signal.SIG_IGN)
    except OSError: pass
while True: pass`,
    ends: ['cpu'],
  },
  'a daemon that stays': {
    code: `import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: pass
    os._exit(0)
time.sleep(60)`,
    ends: [],
  },
};

const rows = sampleOf(Object.entries(bombs), 10);
const fours = Array.from({ length: Math.ceil(rows.length / 4) }, (_, i) => rows.slice(i * 4, (i + 1) * 4));

test('there are at least 15 bombs', () => expect(Object.keys(bombs).length).toBeGreaterThanOrEqual(15));

test.each(fours.map((four) => ({ four, names: four.map(([name]) => name).join(', ') })))(
  `at once: $names (seed ${seed})`,
  async ({ four }) => {
    await boundary;
    const ticker = startTicker();
    const outcomes = await Promise.all(four.map(([, { code }]) => runCode(sandbox, inMain(code), { limits })));
    // A heartbeat is due every 500 ms and missed after 2500.
    expect(ticker.longest()).toBeLessThan(1000);
    four.forEach(([name, { ends }], at) => {
      const outcome = outcomes[at];
      expect(endOf(outcome), `${name}: ${JSON.stringify(outcome).slice(0, 500)}`).toSatisfy((end) =>
        ['time', ...ends].some((each) => each === end),
      );
      expect(outcome?.duration_ms, name).toBeLessThan(3000);
      expect(outcome?.peak_bytes, name).toBeLessThan(800 * mebi);
    });
  },
);

test('they left no process behind, and the sandbox holds as before', async () => {
  await showBoundary(sandbox);
  await sandbox.close();
  expect(descendantsOf(process.pid).filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

const inMain = (code: string) => `${guard}def main_function():\n${code.replaceAll(/^/gm, '    ')}\n`;

const endOf = (outcome: Outcome | undefined) => (outcome?.kind === 'limit' ? outcome.limit : outcome?.kind);

/** What a heartbeat of this process would have to wait for. */
function startTicker() {
  let last = performance.now();
  let longest = 0;
  const going = new AbortController();
  const tick = async () => {
    while (!going.signal.aborted) {
      await sleep(20);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
  };
  void tick();
  return {
    longest() {
      going.abort();
      return longest;
    },
  };
}
