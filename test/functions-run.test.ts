// Functions called: fixtures, strict inputs, what becomes of programs that do not end well, forks with corrected code.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { failureOf } from '../activities/functions/ending.ts';
import { wrongInputs } from '../activities/functions/given.ts';
import type { Json } from '../activities/sandbox/sandbox.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { checkpointOf, ended, forkAt, read } from './api-fork-stage.ts';
import { json } from './api-stage.ts';
import {
  answerWith,
  type Fixture,
  fixtureOf,
  fixtures,
  type FunctionsStage,
  openFunctionsStage,
} from './functions-stage.ts';
import { sampleOf } from './sample.ts';
import { preparingMs } from './sandbox-stage.ts';

let stage: FunctionsStage;
beforeAll(async () => void (stage = await openFunctionsStage()), preparingMs);
afterAll(() => stage.close());

const runTask = (id: string, body: object) => stage.api.ask('POST', `/api/task/${id}/run`, body);

const fixtureWith = (name: string, code: string, more: object = {}): Fixture => ({
  ...fixtureOf('primes'),
  name,
  desired_action: name,
  answer: answerWith(code, more),
});

describe('fixtures', () => {
  test('there are at least twelve, of both types', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(12);
    for (const type of ['input', 'passthrough'])
      expect(fixtures.filter(({ task_type }) => task_type === type).length).toBeGreaterThan(2);
  });

  test.each(sampleOf(fixtures, 5))(
    '$name: created by one call of the model, its example ran, and runs',
    async (fixture) => {
      const before = stage.world.openai.ledger.length;
      const id = await stage.create(fixture);
      expect(stage.world.openai.ledger.length).toBe(before + 1);
      expect(stage.kept(id)).toMatchObject({ example: { result: { columns: expect.any(Array) } } });
      for (const { inputs, input1, result, stdout } of fixture.calls) {
        const answer = await runTask(id, { inputs, input1 });
        expect(await json<object>(answer)).toEqual({ run_id: expect.any(String), result, stdout });
      }
    },
  );
});

describe('inputs', () => {
  const given = (type: string, value: Json) =>
    wrongInputs({ task_type: 'input', user_inputs: { x: { type } } }, { x: value }, false).map((one) => one.type);

  const good: [string, Json[]][] = [
    ['string', ['', 'a', '5', '2024-02-29']],
    ['str', ['a']],
    ['integer', [0, -5, 9_007_199_254_740_991]],
    ['int', [5]],
    ['number', [0, 5, -0.5, 1e300]],
    ['float', [5]],
    ['boolean', [true, false]],
    ['bool', [false]],
    ['array', [[], [1, 'a', [null]]]],
    ['list', [[]]],
    ['object', [{}, { a: [1] }]],
    ['dict', [{}]],
    [
      'date',
      ['2024-02-29', '2024-02-29T12:30', '2024-02-29T12:30:00Z', '0001-01-01', '2024-02-29T23:59:59.123456789+02:00'],
    ],
  ];
  test.each(good)('%s takes what it says', (type, values) => {
    for (const value of values) expect({ value, wrong: given(type, value) }).toEqual({ value, wrong: [] });
  });

  const bad: [string, Json[]][] = [
    ['string', [5, true, null, [], {}]],
    ['integer', ['5', 5.5, true, null, 9_007_199_254_740_992, []]],
    ['number', ['5', true, null, '', []]],
    ['boolean', ['true', 0, 1, null, '']],
    ['array', ['[]', {}, null, 5]],
    ['object', ['{}', [], null, 5]],
    [
      'date',
      [
        '',
        'today',
        '29.02.2024',
        '2023-02-29',
        '2024-13-01',
        '2024-02-29 12:30',
        '2024-02-29T24:00',
        '0000-01-01',
        '20240229',
        5,
        null,
        '2024-02-29T12:30:00+25:00',
        ' 2024-02-29',
      ],
    ],
  ];
  test.each(bad)('%s takes nothing else', (type, values) => {
    for (const value of values) expect({ value, wrong: given(type, value) }).toEqual({ value, wrong: ['wrong_type'] });
  });

  test('none may be missing or extra, and a frame is where it belongs alone', () => {
    const fn = { task_type: 'passthrough', user_inputs: { a: { type: 'int' } } } as const;
    expect(wrongInputs(fn, { b: 1 }, false)).toMatchObject([
      { name: 'a', type: 'missing' },
      { name: 'b', type: 'unknown' },
      { name: 'input1', type: 'missing' },
    ]);
    expect(wrongInputs({ ...fn, task_type: 'input' }, { a: 1 }, true)).toMatchObject([
      { name: 'input1', type: 'unknown' },
    ]);
    expect(
      wrongInputs({ task_type: 'input', user_inputs: {} }, JSON.parse('{"__proto__": 1, "constructor": 2}'), false),
    ).toMatchObject([
      { name: '__proto__', type: 'unknown' },
      { name: 'constructor', type: 'unknown' },
    ]);
  });

  test('one that is nested beyond measure is refused', () => {
    let deep: Json = [];
    for (let level = 0; level < 5000; level++) deep = [deep];
    expect(given('array', deep)).toEqual(['too_deep']);
  });

  test('what they are to Python: a whole number is a float where a number is declared, a date a datetime', async () => {
    const code = `import pandas as pd
def main_function(a, b, c, d, e, f):
    given = [a, b, c, d, e, f]
    return pd.DataFrame({"type": [type(x).__name__ for x in given], "value": [repr(x) for x in given]})`;
    const types = ['number', 'integer', 'number', 'date', 'date', 'string'];
    const user_inputs = Object.fromEntries(types.map((type, at) => ['abcdef'[at], { type, description: '' }]));
    const id = await stage.create(fixtureWith('what they are to Python', code, { user_inputs }));
    const answer = await runTask(id, {
      inputs: { a: 5, b: 5, c: 0.5, d: '2024-02-29', e: '2024-02-29T12:30:00.5Z', f: '2024-02-29' },
    });
    expect((await json<{ result: { values: string[][] } }>(answer)).result.values).toEqual([
      ['float', 'int', 'float', 'datetime', 'datetime', 'str'],
      [
        '5.0',
        '5',
        '0.5',
        'datetime.datetime(2024, 2, 29, 0, 0)',
        'datetime.datetime(2024, 2, 29, 12, 30, 0, 500000, tzinfo=datetime.timezone.utc)',
        "'2024-02-29'",
      ],
    ]);
  });
});

describe('programs that give no frame', () => {
  const programs: [string, string, object][] = [
    [
      'raises',
      'print("so far")\n    raise ValueError("not this")',
      {
        type: 'program_failed',
        message: 'ValueError: not this',
        detail: 'line 3, in main_function',
        stdout: 'so far\n',
        traceback: expect.stringContaining('ValueError: not this'),
      },
    ],
    [
      'gives a list',
      'return [1]',
      { type: 'no_data_frame', message: 'main_function must give back a DataFrame; it gave list.' },
    ],
    [
      'leaves',
      'import sys; sys.exit(3)',
      { type: 'program_exited', message: 'The program ended without a result (exit code 3).' },
    ],
    [
      'lacks a package',
      'import sklearn',
      { type: 'package_missing', message: expect.stringMatching(/not there: sklearn\. There are: .*pandas/) },
    ],
    [
      'takes memory',
      'x = bytearray(4 * 1024**3)',
      { type: 'limit_exceeded', limit: 'memory', message: "The program passed the limit 'memory': memory, 1024 MiB." },
    ],
    ['prints too much', 'print("x" * 3_000_000)', { type: 'limit_exceeded', limit: 'output' }],
  ];
  test.each(programs)('one that %s', async (name, body, wanted) => {
    const id = await stage.create(fixtureWith(`one that ${name}`, `def main_function():\n    ${body}\n`));
    const answer = await runTask(id, { inputs: {} });
    expect(answer.status).toBe(422);
    const said = await json<{ run_id: string; message: string }>(answer);
    expect(said).toMatchObject({ ...wanted, request_id: expect.any(String), detail: expect.any(String) });
    const run = await read(stage.api, said.run_id);
    expect(run).toMatchObject({ status: 'failed', error: { message: said.message } });
    // What is over 32 KiB is not in the list of steps; the checkpoint has it whole.
    const { step } = await json<{ step: { result: unknown } }>(
      await stage.api.ask('GET', `/api/checkpoints/${checkpointOf(run, 2)}`),
    );
    expect(step.result).toMatchObject({ duration_ms: expect.any(Number), peak_bytes: expect.any(Number) });
  });

  test('one whose output is too long for a list of steps keeps its traceback', async () => {
    const code = 'def main_function():\n    print("y" * 900_000)\n    return 1 / 0\n';
    const answer = await runTask(await stage.create(fixtureWith('one that prints a lot', code)), { inputs: {} });
    const said = await json<{ stdout: string; traceback: string }>(answer);
    expect(said.stdout.length).toBe(900_001);
    expect(said.traceback).toContain('ZeroDivisionError');
  });
});

/** What the step of the program tells. */
const figuresOf = ({ steps }: RunAnswer): unknown => steps.find(({ name }) => name === 'run_function')?.result;

test('a run tells how long its program took and how much memory', async () => {
  const id = await stage.create(fixtureOf('primes'));
  const { run_id } = await json<{ run_id: string }>(await runTask(id, { inputs: { count: 4 } }));
  const run = await read(stage.api, run_id);
  expect(run.steps.map(({ name }) => name)).toEqual(['load_function', 'run_function']);
  expect(figuresOf(run)).toMatchObject({
    kind: 'result',
    duration_ms: expect.any(Number),
    peak_bytes: expect.any(Number),
    frame: { columns: ['prime', 'gap'], types: ['integer', 'number'] },
  });
});

test('create, run, fork with corrected code: the fork has the result, the source keeps its failure', async () => {
  const broken = 'import pandas as pd\ndef main_function(count):\n    return pd.DataFrame({"n": range(cuont)})\n';
  const user_inputs = { count: { type: 'integer', description: '' } };
  const id = await stage.create(fixtureWith('count up', broken, { user_inputs }));
  const failed = await json<{ run_id: string }>(await runTask(id, { inputs: { count: 3 } }));
  const run = await ended(stage.api, failed.run_id);
  const stored = run.steps[0]?.result;
  if (typeof stored !== 'object' || stored === null) throw new Error('The step has no result.');
  const corrected = { ...stored, code: broken.replace('cuont', 'count') };

  const fork = await forkAt(stage.api, checkpointOf(run, 2), { steps: { load_function: corrected } });
  const forked = await ended(stage.api, fork.new_run_id);
  expect(forked).toMatchObject({ status: 'completed', result: { frame: { columns: ['n'], values: [[0, 1, 2]] } } });
  expect(forked.steps[0]).toMatchObject({ name: 'load_function', inherited: true });
  expect(forked.steps[1]?.input).toMatchObject({ code: corrected.code, inputs: { count: 3 } });

  const again = await forkAt(stage.api, checkpointOf(forked, 1), { input: { inputs: { count: 1 } } });
  expect(await ended(stage.api, again.new_run_id)).toMatchObject({ result: { frame: { values: [[0]] } } });
  expect(await read(stage.api, run.id)).toMatchObject({ status: 'failed', error: { type: 'ProgramFailed' } });
});

test('a call that was not checked before it became a run fails by its own type', async () => {
  const id = await stage.create(fixtureOf('primes'));
  const wrong = await stage.api.start('run_function', { task_id: id, inputs: { count: '3' } });
  expect(await ended(stage.api, wrong)).toMatchObject({
    status: 'failed',
    error: { type: 'InvalidInputs', message: "Input 'count' must be a whole number." },
  });
  const gone = await stage.api.start('run_function', { task_id: 'nothing', inputs: {} });
  expect(await ended(stage.api, gone)).toMatchObject({ status: 'failed', error: { type: 'FunctionNotFound' } });
});

/** https://github.com/jshttp/mime-db (MIT): the media types of IANA, Apache and nginx. */
function mediaTypes() {
  const type = z.object({
    source: z.string().optional(),
    compressible: z.boolean().optional(),
    extensions: z.array(z.string()).optional(),
  });
  const text = readFileSync(new URL(import.meta.resolve('mime-db/db.json')), 'utf8');
  return z.record(z.string(), type).parse(JSON.parse(text));
}

test('a real data set of some thousand rows, in and out', async () => {
  const rows = Object.entries(mediaTypes());
  expect(rows.length).toBeGreaterThan(2000);
  const input1 = {
    columns: ['type', 'source', 'compressible', 'extensions'],
    values: [
      rows.map(([type]) => type),
      rows.map(([, { source }]) => source ?? null),
      rows.map(([, { compressible }]) => compressible ?? null),
      rows.map(([, { extensions }]) => extensions?.length ?? 0),
    ],
  };
  const code = `import pandas as pd
def main_function(input1, least):
    table = input1.assign(family=input1["type"].str.split("/").str[0], compressible=input1["compressible"].fillna(False).astype(bool))
    groups = table.groupby("family").agg(types=("type", "size"), extensions=("extensions", "sum"), compressible=("compressible", "sum"))
    return groups[groups["types"] >= least].sort_values(["types", "family"], ascending=[False, True])`;
  const user_inputs = { least: { type: 'integer', description: '' } };
  const fixture = {
    ...fixtureWith('families of media types', code, { user_inputs }),
    task_type: 'passthrough',
  } as const;
  const id = await stage.create(fixture);
  const { result } = await json<{ result: { columns: string[]; values: Json[][] } }>(
    await runTask(id, { inputs: { least: 50 }, input1 }),
  );
  expect(result.columns).toEqual(['family', 'types', 'extensions', 'compressible']);
  const families = Map.groupBy(rows, ([type]) => type.split('/')[0] ?? '');
  const large = [...families].filter(([, some]) => some.length >= 50).toSorted((a, b) => b[1].length - a[1].length);
  expect(large.length).toBeGreaterThan(3);
  expect(result.values).toEqual([
    large.map(([family]) => family),
    large.map(([, some]) => some.length),
    large.map(([, some]) => some.reduce((sum, [, { extensions }]) => sum + (extensions?.length ?? 0), 0)),
    large.map(([, some]) => some.filter(([, { compressible }]) => compressible).length),
  ]);
});

test('a large frame goes through whole, stored outside of the history', async () => {
  const code = 'def main_function(input1):\n    return input1.iloc[::-1].reset_index(drop=True)\n';
  const id = await stage.create({ ...fixtureWith('turn it around', code), task_type: 'passthrough' });
  const n = 150_000;
  const numbers = Array.from({ length: n }, (_, at) => at / 4);
  const texts = Array.from({ length: n }, (_, at) => `row number ${at} of this data set`);
  const answer = await runTask(id, { inputs: {}, input1: { columns: ['x', 't'], values: [numbers, texts] } });
  const { run_id, result } = await json<{ run_id: string; result: { values: Json[][] } }>(answer);
  expect(result.values).toEqual([numbers.toReversed(), texts.toReversed()]);
  const history = await stage.world.client.workflow.getHandle(run_id).fetchHistory();
  expect(JSON.stringify(history).length).toBeLessThan(60_000);
});

test.each([
  ['time', 15_000, '15 s'],
  ['cpu', 15, '15 s'],
  ['memory', 1024 ** 3, '1024 MiB'],
  ['processes', 64, '64 of them'],
  ['output', 1024 ** 2, '1024 KiB'],
  ['file_size', 50 * 1024 ** 2, '50 MiB'],
  ['disk', 100 * 1024 ** 2, '100 MiB'],
  ['open_files', 64, '64 of them'],
  ['result_size', 32 * 1024 ** 2, '32 MiB'],
] as const)('the limit %s is named with what is allowed', (limit, allowed, amount) => {
  const ran = { stdout: '', stderr: '', duration_ms: 1, peak_bytes: 1 };
  const { type, message } = failureOf({ ...ran, kind: 'limit', limit, allowed });
  expect(type).toBe('LimitExceeded');
  expect(message).toContain(`'${limit}'`);
  expect(message).toContain(amount);
});
