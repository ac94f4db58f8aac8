// Programs in the real sandbox: what goes in, what comes out, and what becomes of those that do not end well.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox } from '../activities/sandbox/create.ts';
import { type Sandbox, SandboxUnavailable } from '../activities/sandbox/sandbox.ts';
import { descendantsOf } from './processes.ts';
import { sampleOf } from './sample.ts';
import { json, noAbort, openTestSandbox, preparingMs, runCode, inTests } from './sandbox-stage.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
}, preparingMs);
afterAll(() => sandbox.close());

const run = (code: string, more = {}) => runCode(sandbox, code, more);
/** The body of main_function, with pandas at hand. */
const body = (lines: string, parameters = '') =>
  `import pandas as pd\ndef main_function(${parameters}):\n${lines.replaceAll(/^/gm, '    ')}\n`;

test('a sandbox that is ready says what it has', () => {
  const state = sandbox.state();
  expect(state.kind).toBe('ready');
  if (state.kind !== 'ready') return;
  expect(state.python).toMatch(/^3\.1[0-4]\.\d+$/);
  expect(Object.keys(state.packages)).toEqual(expect.arrayContaining(['pandas', 'numpy', 'lxml']));
});

describe('frames', () => {
  const frame = {
    columns: ['n', 'x', 'text', 'yes', 'day', 'moment', 'gap', 'n'],
    values: [
      [1, 2, 3],
      [0.5, null, -2.25],
      ['a', null, 'ü "quoted"\n'],
      [true, false, true],
      ['2024-02-29', null, '1999-12-31'],
      ['2024-02-29T12:30:00+02:00', '2024-03-01T00:00:00+02:00', null],
      [null, null, null],
      [10, 20, 30],
    ],
  };

  test('come back as they went in, types and missing values kept', async () => {
    const types = [...Array<undefined>(4), 'date' as const, 'date' as const, undefined, undefined];
    const outcome = await run(body('return input1', 'input1'), { frame: { ...frame, types } });
    expect(outcome).toMatchObject({
      kind: 'result',
      frame: {
        ...frame,
        types: ['integer', 'number', 'text', 'boolean', 'date', 'date', 'mixed', 'integer'],
      },
    });
  });

  test('without types text stays text, also when it looks like a date', async () => {
    const outcome = await run(body('return pd.DataFrame({"kind": [str(t) for t in input1.dtypes]})', 'input1'), {
      frame,
    });
    expect(outcome).toMatchObject({
      frame: {
        values: [['int64', 'float64', 'object', 'bool', 'object', 'object', 'object', 'int64']],
      },
    });
  });

  test('what JSON has no word for becomes what comes nearest', async () => {
    const outcome = await run(
      body(`import numpy as np, decimal, datetime
return pd.DataFrame({
    'infinite': [float('inf'), float('nan'), 1.5],
    'large': [2**63 - 1, 1, 2],
    'nullable': pd.array([1, None, 3], dtype='Int64'),
    'category': pd.Categorical(['a', None, 'b']),
    'decimal': [decimal.Decimal('1.5'), None, decimal.Decimal('2')],
    'day': [datetime.date(2024, 1, 2), None, datetime.date(2024, 1, 3)],
    'span': pd.to_timedelta(['1 days', None, '2 hours']),
    'nested': [[1, 2], {'a': None}, (3,)],
    'several': [1, 'one', True],
    'half': ['\\ud800', 'b', 'c'],
})`),
    );
    expect(outcome).toMatchObject({
      kind: 'result',
      frame: {
        types: 'number text integer text number date text text mixed text'.split(' '),
        values: [
          [null, null, 1.5],
          ['9223372036854775807', '1', '2'],
          [1, null, 3],
          ['a', null, 'b'],
          [1.5, null, 2],
          ['2024-01-02', null, '2024-01-03'],
          ['P1DT0H0M0S', null, 'P0DT2H0M0S'],
          ['[1, 2]', '{"a": null}', '[3]'],
          [1, 'one', true],
          ['?', 'b', 'c'],
        ],
      },
    });
  });

  test.each([
    ['an empty one', 'pd.DataFrame()', [], []],
    ['one without rows', 'pd.DataFrame({"a": [], "b": []})', ['a', 'b'], [[], []]],
    ['a plain index is left out', 'pd.DataFrame({"a": [1, 2, 3]})[1:]', ['a'], [[2, 3]]],
    [
      'an index that says something is kept',
      'pd.DataFrame({"k": ["x", "y", "x"], "v": [1, 2, 3]}).groupby("k").sum()',
      ['k', 'v'],
      [
        ['x', 'y'],
        [4, 2],
      ],
    ],
    [
      'columns of several levels',
      'pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "min"), ("a", "max")]))',
      ['a min', 'a max'],
      [[1], [2]],
    ],
    ['columns that are numbers', 'pd.DataFrame([[1, 2]])', ['0', '1'], [[1], [2]]],
  ])('%s', async (_, made, columns, values) => {
    expect(await run(body(`return ${made}`))).toMatchObject({ kind: 'result', frame: { columns, values } });
  });

  test('10,000 rows both ways', async () => {
    const numbers = Array.from({ length: 10_000 }, (_, i) => i);
    const large = { columns: ['i', 's'], values: [numbers, numbers.map((i) => `row ${i}`)] };
    expect(await run(body('return input1', 'input1'), { frame: large })).toMatchObject({ frame: large });
  });
});

test('inputs arrive by name, dates as datetimes', async () => {
  const outcome = await run(
    body('return pd.DataFrame({"got": [repr(v) for v in (n, t, l, o, day, moment)]})', 'n, t, l, o, day, moment'),
    {
      inputs: {
        n: json(3),
        t: json('it’s'),
        l: json([1, null, 'x']),
        o: json({ a: { b: true } }),
        day: { type: 'date', value: '2024-02-29' },
        moment: { type: 'date', value: '2024-02-29T10:00:00Z' },
      },
    },
  );
  expect(outcome).toMatchObject({
    frame: {
      values: [
        [
          '3',
          "'it’s'",
          "[1, None, 'x']",
          "{'a': {'b': True}}",
          'datetime.datetime(2024, 2, 29, 0, 0)',
          'datetime.datetime(2024, 2, 29, 10, 0, tzinfo=datetime.timezone.utc)',
        ],
      ],
    },
  });
});

test('what is printed is kept beside the result, with time and memory', async () => {
  const outcome = await run(body('print("first")\nprint("wörld", flush=True)\nreturn pd.DataFrame({"a": [1]})'));
  expect(outcome).toMatchObject({ kind: 'result', stdout: 'first\nwörld\n', stderr: '' });
  expect(outcome.duration_ms).toBeGreaterThan(0);
  expect(outcome.peak_bytes).toBeGreaterThan(10 * 1024 ** 2);
});

describe('what does not end well', () => {
  test('an exception, its traceback from the program on', async () => {
    const outcome = await run(body('print("before")\nreturn helper()\n') + 'def helper():\n    raise KeyError("k")\n');
    expect(outcome).toMatchObject({
      kind: 'exception',
      message: "KeyError: 'k'",
      detail: 'line 7, in helper',
      stdout: 'before\n',
    });
    if (outcome.kind === 'exception') {
      expect(outcome.traceback).toMatch(/^Traceback \(most recent call last\):\n {2}File "function.py", line 4/);
      expect(outcome.traceback).toContain('raise KeyError("k")');
      expect(outcome.traceback).not.toContain('/python/');
    }
  });

  const badEnds: [name: string, code: string, outcome: object][] = [
    ['a syntax error', 'def main_function(:\n', { kind: 'invalid_code', line: 1 }],
    ['no main_function', 'x = 1', { kind: 'invalid_code', message: expect.stringContaining('main_function') }],
    ['no frame', body('return [1]'), { kind: 'no_frame', got: 'list' }],
    ['nothing', body('pass'), { kind: 'no_frame', got: 'NoneType' }],
    ['a package that is not there', 'import seaborn.axes\n', { kind: 'missing_package', name: 'seaborn' }],
    ['a part of one that is', 'import pandas.nothing\n', { kind: 'exception' }],
    ['leaves', body('raise SystemExit(3)'), { kind: 'exited', code: 3, signal: null }],
    ['leaves for good', body('import os; os._exit(4)'), { kind: 'exited', code: 4, signal: null }],
    ['a crash', body('import ctypes; ctypes.string_at(0)'), { kind: 'exited', signal: 'SIGSEGV' }],
    ['arguments that it does not take', body('pass', 'needed'), { kind: 'exception' }],
    [
      'an exception that does not say what it is',
      body('class E(Exception):\n    def __str__(self): raise self\nraise E()'),
      {},
    ],
  ];
  test.each(sampleOf(badEnds, 6))('%s', async (_, code, expected) => {
    expect(await run(code)).toMatchObject(expected);
  });

  test.each([
    ['time', 'import time; time.sleep(60)', { time_ms: 300 }, 300],
    ['cpu', 'while True: pass', { cpu_s: 1 }, 1],
    ['memory', 'return bytearray(300 << 20)', { memory: 128 * 1024 ** 2 }, 128 * 1024 ** 2],
    ['output', 'print("x" * 2000)', { output: 1000 }, 1000],
    ['file_size', 'with open("/tmp/f", "wb") as f: f.write(bytes(3000))', { file_size: 2000 }, 2000],
    ['disk', 'for i in range(9): open(f"/tmp/f{i}", "wb").write(bytes(40 << 20))', {}, 100 * 1024 ** 2],
    ['open_files', 'held = [open("/dev/null") for _ in range(100)]', { open_files: 32 }, 32],
    [
      'processes',
      'import threading, time\nfor _ in range(20): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()',
      { processes: 10 },
      10,
    ],
    ['result_size', 'return pd.DataFrame({"a": ["x" * 1000] * 100})', { result_size: 50_000 }, 50_000],
  ])('the limit of %s', async (limit, code, limits, allowed) => {
    expect(await run(body(code), { limits })).toMatchObject({ kind: 'limit', limit, allowed });
  });

  test('what was printed before a limit is kept', async () => {
    const code = body('import time\nprint("so far")\ntime.sleep(60)');
    expect(await run(code, { limits: { time_ms: 1000 } })).toMatchObject({ limit: 'time', stdout: 'so far\n' });
  });
});

test('an abort ends a program at once and leaves nothing behind', async () => {
  const controller = new AbortController();
  const running = sandbox.run({ code: body('import time; time.sleep(60)'), inputs: {} }, controller.signal);
  running.catch(() => undefined);
  await sleep(1500);
  const began = performance.now();
  controller.abort(new Error('no longer wanted'));
  await expect(running).rejects.toThrow('no longer wanted');
  expect(performance.now() - began).toBeLessThan(1000);
});

describe('check', () => {
  test('tells what main_function takes and what the code imports', async () => {
    const code = `import pandas as pd
from os import path
def other(): import re.sub
def main_function(input1, /, a, b=2, *rest, c, d=None, **more): pass`;
    expect(await sandbox.check(code, noAbort)).toEqual({
      kind: 'function',
      parameters: [
        { name: 'input1', kind: 'positional', optional: false },
        { name: 'a', kind: 'plain', optional: false },
        { name: 'b', kind: 'plain', optional: true },
        { name: 'rest', kind: 'rest', optional: true },
        { name: 'c', kind: 'keyword', optional: false },
        { name: 'd', kind: 'keyword', optional: true },
        { name: 'more', kind: 'keywords', optional: true },
      ],
      imports: ['os', 'pandas', 're'],
    });
  });

  test.each([
    ['no Python', 'def main_function(:', 1],
    ['no main_function', 'def main(): pass', null],
    ['an async one', 'async def main_function(): pass', 1],
    ['one inside another', 'def f():\n    def main_function(): pass', null],
    ['a NUL', 'x = "\0"', null],
    ['too deep', `x = ${'('.repeat(5000)}1${')'.repeat(5000)}`, null],
    ['much too deep', `x = ${'-'.repeat(200_000)}1`, null],
  ])('%s is invalid', async (_, code, line) => {
    const checked = await sandbox.check(code, noAbort);
    expect(checked).toMatchObject({ kind: 'invalid_code' });
    if (line !== null) expect(checked).toMatchObject({ line });
  });

  test('code is read, not run', async () => {
    const code = 'import time\ntime.sleep(60)\ndef main_function(): pass';
    expect(await sandbox.check(code, noAbort)).toMatchObject({ kind: 'function' });
  });
});

test('more programs than may run at once wait for their turn', async () => {
  const code = body('import time; time.sleep(0.2); return pd.DataFrame({"a": [1]})');
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => run(code)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array(6).fill('result'));
});

test('switched off, it says so, and runs nothing', async () => {
  const off = createSandbox({ ...inTests, off: true });
  expect(await off.prepared()).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('SANDBOX_OFF') });
  await expect(runCode(off, body('pass'))).rejects.toThrow(SandboxUnavailable);
  await off.close();
});

test('without a Python that fits it says what is needed', async () => {
  const none = createSandbox({ ...inTests, python: 'no-such-python' });
  expect(await none.prepared()).toMatchObject({
    kind: 'unavailable',
    reason: expect.stringContaining('SANDBOX_PYTHON'),
  });
  await none.close();
});

test('closed, it has left no process', async () => {
  const other = await openTestSandbox();
  await runCode(other, body('return pd.DataFrame()'));
  const waiting = runCode(other, body('import time; time.sleep(60)'));
  waiting.catch(() => undefined);
  await sleep(500);
  await other.close();
  await expect(waiting).rejects.toThrow(SandboxUnavailable);
  await sandbox.close();
  // The look itself is a process, too, that has ended when it has been taken.
  expect(descendantsOf(process.pid).filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});
