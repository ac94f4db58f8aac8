// Functions created: what models answer, mended or asked again; and what lies on the disk, however the writing ends.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readDraft } from '../activities/functions/draft.ts';
import type { StoredFunction } from '../activities/functions/function.ts';
import { createFunctionStore } from '../activities/functions/store.ts';
import { ended, forkAt, checkpointOf } from './api-fork-stage.ts';
import { json } from './api-stage.ts';
import { answerWith, fixtureOf, fixtures, type FunctionsStage, openFunctionsStage } from './functions-stage.ts';
import { startProgram } from './program.ts';
import { preparingMs } from './sandbox-stage.ts';
import { functionsIn } from './world.ts';

const plain = 'import pandas as pd\n\ndef main_function(n):\n    return pd.DataFrame({"n": [n]})\n';
const user_inputs = { n: { type: 'integer', description: 'a number' } };
const good = answerWith(plain, { user_inputs });
const sound = { kind: 'draft', draft: { task_name: 'A test', user_inputs, code: plain.trim(), packages_used: [] } };

describe('answers that are mended', () => {
  const loose = (field: string) => good.replace('"python_function"', field);
  const answers: [string, string][] = [
    ['as they should be', good],
    ['in a fence', `\`\`\`json\n${good}\n\`\`\``],
    ['in a fence without a language', `\`\`\`\n${good}\n\`\`\``],
    ['with prose around, braces in it', `Here is {what} you want:\n\n${good}\n\nReplace {n} as you {like}.`],
    ['with a trailing comma', good.replace(/\}$/, ',}')],
    ['with raw newlines', good.replaceAll('\\n', '\n')],
    ['with raw newlines, in a fence, with prose', `Sure:\n\`\`\`json\n${good.replaceAll('\\n', '\n')}\n\`\`\`\nDone.`],
    ['with comments', good.replace('{"task_name"', '{ // the name\n"task_name"')],
    ['in single quotes, as Python writes them', good.replaceAll('\\"', '§').replaceAll('"', "'").replaceAll('§', '"')],
    [
      'under other names',
      loose('"pythonCode"').replace('"task_name"', '"name"').replace('"user_inputs"', '"userInputs"'),
    ],
    ['wrapped', `{"function": ${good}}`],
    ['with the code in a fence', answerWith(`\`\`\`python\n${plain}\`\`\``, { user_inputs })],
    ['with the code as lines', answerWith('', { user_inputs, python_function: plain.split('\n') })],
    ['with inputs as a list', answerWith(plain, { user_inputs: [{ name: 'n', ...user_inputs.n }] })],
    ['with packages as text', good.replace('"packages_used":[]', '"packages_used":""')],
  ];
  test.each(answers)('%s', (_, answer) => {
    const read = readDraft(answer, 'input');
    expect(read).toMatchObject({ kind: 'draft' });
    if (read.kind === 'draft')
      expect({ ...read, draft: { ...read.draft, code: read.draft.code.trim() } }).toMatchObject(sound);
  });

  test('the code stays as it was given, to the last blank', () => {
    const code = `\n\n${plain}\t \n# 😀 "ü"\n\n`;
    expect(readDraft(answerWith(code, { user_inputs }), 'input')).toMatchObject({ draft: { code } });
  });

  test('an input1 that is listed is the frame', () => {
    const listed = { ...user_inputs, input1: { type: 'object', description: 'the data' } };
    expect(readDraft(answerWith(plain, { user_inputs: listed }), 'passthrough')).toMatchObject({
      draft: { user_inputs },
    });
  });

  test('an example that cannot be called is none', () => {
    expect(readDraft(answerWith(plain, { user_inputs, example: 'n = 5' }), 'input')).toMatchObject({
      draft: { example: null },
    });
  });
});

describe('answers that cannot be mended', () => {
  const answers: [string, string][] = [
    ['prose', 'I am sorry, I cannot do that.'],
    ['nothing', ''],
    ['no function', '{"task_name": "x", "user_inputs": {}}'],
    ['an empty function', answerWith(' \n')],
    ['no name', good.replace('"A test"', '""')],
    ['a type that is none', answerWith(plain, { user_inputs: { n: { type: 'DataFrame' } } })],
    ['inputs without types', answerWith(plain, { user_inputs: { n: {} } })],
    [
      'nothing but the code, and much of it',
      `Here is the function:\n\`\`\`python\n${'def f(x):\n    return {"a": x}\n'.repeat(8000)}\`\`\``,
    ],
    ['an input1 without a data set', answerWith(plain, { user_inputs: { input1: { type: 'object' } } })],
    ['a number for the code', answerWith(plain, { python_function: 5 })],
  ];
  test.each(answers)('%s', (_, answer) => {
    expect(readDraft(answer, 'input')).toEqual({ kind: 'unusable', error: expect.any(String) });
  });
});

describe('with a model', () => {
  let stage: FunctionsStage;
  beforeAll(async () => void (stage = await openFunctionsStage()), preparingMs);
  afterAll(() => stage.close());
  beforeEach(() => stage.world.openai.reset());

  const create = (desired_action: string, task_type = 'input') =>
    stage.api.ask('POST', '/api/task/create', { desired_action, task_type });
  const folders = (): string[] => {
    try {
      return readdirSync(functionsIn(stage.world.data)).toSorted();
    } catch {
      return [];
    }
  };
  const calls = () => stage.world.openai.ledger;

  const asked: [string, string, string][] = [
    ['prose', 'I would rather not.', 'no JSON object'],
    ['a syntax error', answerWith('def main_function(n)\n    return n', { user_inputs }), 'in line 1'],
    ['no main_function', answerWith('def main(n):\n    return n', { user_inputs }), 'no main_function'],
    ['a parameter too few', answerWith('def main_function():\n    return 1', { user_inputs }), 'no parameter n'],
    ['a parameter too many', answerWith('def main_function(n, m):\n    return 1', { user_inputs }), 'parameter m'],
    [
      'a parameter without a name',
      answerWith('def main_function(n, /):\n    return 1', { user_inputs }),
      'only be given by position',
    ],
    [
      'a frame that it does not get',
      answerWith('def main_function(input1, n):\n    return 1', { user_inputs }),
      'without a frame',
    ],
    ['a type that is none', answerWith(plain, { user_inputs: { n: { type: 'frame' } } }), 'is no type'],
  ];
  test.each(asked)('%s is asked again, with the exact error', async (_, answer, error) => {
    stage.world.openai.script({ match: 'ask again', text: answer });
    stage.world.openai.script({ match: 'ask again', text: good });
    const answered = await create('ask again, please');
    expect(await json<object>(answered)).toEqual({
      task_id: expect.any(String),
      task_name: 'A test',
      message: 'Task Created!',
    });
    expect(calls()).toHaveLength(2);
    expect(calls()[1]?.prompt).toContain(error);
    expect(calls()[1]?.asked?.said.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  });

  test('an answer that was cut off is not mended but asked again', async () => {
    stage.world.openai.script({ match: 'cut', text: good, fault: 'incomplete', afterTokens: 12 });
    stage.world.openai.script({ match: 'cut', text: good });
    expect((await create('cut it off')).status).toBe(200);
    expect(calls()[1]?.prompt).toContain('cut off');
  });

  test('the model is asked three times in all; then nothing is kept', async () => {
    const before = folders();
    stage.world.openai.script({ match: 'never', text: 'No.', times: Infinity });
    const answered = await create('never ever');
    expect(answered.status).toBe(502);
    expect(await json<object>(answered)).toMatchObject({
      type: 'function_unusable',
      message: expect.stringContaining('3 times'),
      run_id: expect.any(String),
    });
    expect(calls()).toHaveLength(3);
    expect(folders()).toEqual(before);
  });

  test('a provider that refuses is 502', async () => {
    stage.world.openai.script({ match: 'refused', fault: { status: 400 }, times: Infinity });
    const answered = await create('refused by the provider');
    expect(answered.status).toBe(502);
    expect(await json<object>(answered)).toMatchObject({ type: 'model_failed', message: expect.any(String) });
  });

  test('packages that are not there are named, with those that are', async () => {
    const text = answerWith(plain, {
      user_inputs,
      packages_used: ['pandas>=2', 'scikit-learn', 'json', 'torch==2.1', 'Python-DateUtil'],
    });
    stage.world.openai.script({ match: 'packages', text, times: 1 });
    const answered = await create('packages that are not there');
    expect(answered.status).toBe(422);
    const { message } = await json<{ message: string }>(answered);
    expect(message).toMatch(/not there: scikit-learn, torch==2\.1\. There are: .*pandas/);
    expect(calls()[1]?.prompt).toContain('scikit-learn');
  });

  test('what is kept: the code as it is, the metadata word for word, the example with what came of it', async () => {
    const example = { inputs: { n: 5 } };
    const more = {
      user_inputs: { n: { type: 'int', description: 'how many', hint: 'kept' } },
      packages_used: ['pandas', 'datetime'],
      example,
    };
    stage.world.openai.script({ match: 'what is kept', text: answerWith(plain, more) });
    const { task_id } = await json<{ task_id: string }>(await create('what is kept'));
    expect(task_id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const folder = join(functionsIn(stage.world.data), task_id);
    expect(readdirSync(folder).toSorted()).toEqual(['function.py', 'metadata.json']);
    expect(readFileSync(join(folder, 'function.py'), 'utf8')).toBe(plain);
    const metadata: unknown = JSON.parse(readFileSync(join(folder, 'metadata.json'), 'utf8'));
    expect(metadata).toEqual({
      task_id,
      task_name: 'A test',
      task_type: 'input',
      desired_action: 'what is kept',
      user_inputs: more.user_inputs,
      packages_used: ['pandas', 'datetime'],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      example: { inputs: { n: 5 }, result: { columns: ['n'], values: [[5]] } },
    });
  });

  test.each([
    [
      'raises',
      'import pandas as pd\ndef main_function(n):\n    raise KeyError(n)\n',
      { n: 5 },
      { type: 'ProgramFailed', message: 'KeyError: 5', traceback: expect.stringContaining('KeyError') },
    ],
    ['is not as declared', plain, { n: '5' }, { type: 'InvalidInputs', message: expect.stringContaining("'n'") }],
  ])('an example that %s is kept with its error', async (name, code, inputs, error) => {
    stage.world.openai.script({
      match: `example that ${name}`,
      text: answerWith(code, { user_inputs, example: { inputs } }),
    });
    const { task_id } = await json<{ task_id: string }>(await create(`an example that ${name}`));
    expect(stage.kept(task_id)).toMatchObject({ example: { inputs, error } });
  });

  test('it is a run as all others: its steps have names, and a fork makes a function of its own', async () => {
    const { answer, desired_action, task_type } = fixtureOf('loan');
    stage.world.openai.script({ match: desired_action, text: answer });
    const id = await stage.api.start('create_function', { desired_action, task_type });
    const run = await ended(stage.api, id);
    expect(run.steps.map(({ name }) => name)).toEqual([
      'write_function',
      'check_function',
      'try_example',
      'save_function',
    ]);
    const fork = await forkAt(stage.api, checkpointOf(run, 3));
    const forked = await ended(stage.api, fork.new_run_id);
    expect(calls()).toHaveLength(1);
    expect(forked.result).toMatchObject({ task_name: 'Loan' });
    expect(forked.result).not.toEqual(run.result);
  });
});

describe('on the disk', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'waymark-functions-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const id = (n: number) => `00000000-0000-4000-8000-${`${n}`.padStart(12, '0')}`;
  const stored = (n: number, more: Partial<StoredFunction> = {}): StoredFunction => ({
    task_id: id(n),
    task_name: `Number ${n}`,
    task_type: 'input',
    desired_action: 'x',
    user_inputs: {},
    packages_used: [],
    created_at: new Date(1e12 - n).toISOString(),
    example: null,
    code: 'pass\n',
    ...more,
  });

  test('what was written is read, listed oldest first, and removed', async () => {
    const store = createFunctionStore(join(folder, 'made', 'when needed'));
    expect(await store.list({ limit: 5, offset: 0 })).toEqual({ total: 0, items: [] });
    for (const n of [1, 2, 3]) await store.write(stored(n));
    expect(await store.read(id(2))).toEqual(stored(2));
    const { total, items } = await store.list({ limit: 2, offset: 1 });
    expect({ total, ids: items.map(({ task_id }) => task_id) }).toEqual({ total: 3, ids: [id(2), id(1)] });
    expect(await store.remove(id(2))).toBe(true);
    expect(await store.remove(id(2))).toBe(false);
    expect(await store.read(id(2))).toBeUndefined();
    expect(readdirSync(join(folder, 'made', 'when needed')).toSorted()).toEqual([id(1), id(3)]);
  });

  test('one that is there stays as it is', async () => {
    const store = createFunctionStore(folder);
    await store.write(stored(1));
    await store.write(stored(1, { code: 'other\n' }));
    expect(await store.read(id(1))).toMatchObject({ code: 'pass\n' });
    expect(readdirSync(folder)).toEqual([id(1)]);
  });

  test('what is none is none: other names, half a function, garbage', async () => {
    const store = createFunctionStore(folder);
    for (const name of ['..', '.', '', 'x', `${id(1)}/../${id(1)}`, id(9).toUpperCase()]) {
      expect(await store.read(name)).toBeUndefined();
      expect(await store.remove(name)).toBe(false);
    }
    await mkdir(join(folder, id(1)));
    await writeFile(join(folder, id(1), 'function.py'), 'pass');
    await mkdir(join(folder, id(2)));
    await writeFile(join(folder, id(2), 'function.py'), 'pass');
    await writeFile(join(folder, id(2), 'metadata.json'), '{"task_name": ');
    await writeFile(join(folder, id(3)), 'a file');
    for (const n of [1, 2, 3]) expect(await store.read(id(n))).toBeUndefined();
    expect(await store.list({ limit: 5, offset: 0 })).toEqual({ total: 0, items: [] });
  });

  test('killed at any moment, there are both files or neither; what was begun goes with the next attempt', async () => {
    const writer = fileURLToPath(new URL('./functions-writer.ts', import.meta.url));
    let between = 0;
    for (let round = 0; round < 12; round++) {
      const program = startProgram(process.execPath, [writer, folder, `${round}`], { env: {}, cwd: folder });
      await begun(folder, round);
      if (round % 3 === 2) await sleep(round);
      program.signalGroup('SIGKILL');
      await program.ended;
      const names = await readdir(folder);
      for (const name of names.filter((one) => !one.startsWith('.')))
        expect(readdirSync(join(folder, name)).toSorted()).toEqual(['function.py', 'metadata.json']);
      between += names.filter((name) => name.startsWith('.') && readdirSync(join(folder, name)).length === 1).length;
      const store = createFunctionStore(folder);
      for (const n of [0, 1, 2, 3]) await store.write(stored(round * 100 + n));
      expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    }
    // The test has met what it is about.
    expect(between).toBeGreaterThan(0);
  });
});

/** Waits until the writer of that round has made the first file of a function. */
async function begun(folder: string, round: number): Promise<void> {
  const mine = new RegExp(`^\\.new-00000000-0000-4000-8000-0*${round === 0 ? '' : round}0\\d-`);
  for (;;) {
    const part = (await readdir(folder)).find((name) => mine.test(name));
    if (part !== undefined && readdirSync(join(folder, part)).includes('function.py')) return;
    await sleep(1);
  }
}

test('every fixture is read without asking again', () => {
  for (const { name, answer, task_type } of fixtures)
    expect({ name, kind: readDraft(answer, task_type).kind }).toEqual({ name, kind: 'draft' });
});
