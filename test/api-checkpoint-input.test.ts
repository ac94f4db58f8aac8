// Whatever is wrong with a fork, a restore or a name, the answer says so, and nothing is begun.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkpointId } from '../api/runs/checkpoint-id.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import { checkpointOf, ended, forkAt, type ForkStage, openForkStage, question, refusal } from './api-fork-stage.ts';

let stage: ForkStage;
let six: RunAnswer;
let rag: RunAnswer;
let poem: RunAnswer;
beforeAll(async () => {
  stage = await openForkStage();
  const { api, url } = stage;
  six = await ended(api, await api.start('six', { topic: 'input' }));
  rag = await ended(api, await api.start('rag', { ...question('input'), url }));
  poem = await ended(api, await api.start('poem_flow', { sentence_count: 1 }));
});
afterAll(() => stage.close());

const nowhere = '00000000-0000-4000-8000-000000000000';

test.each<[string, () => string]>([
  ['no id at all', () => 'nothing'],
  ['an id of another form', () => Buffer.from('a.b.c').toString('base64url')],
  ['a run that is not there', () => checkpointId({ run: 'nobody', timeline: nowhere, event: 5 })],
  [
    'an event that has not happened',
    () => checkpointId({ run: six.id, timeline: six.timelines[0]!.timeline, event: 999 }),
  ],
  ['a text that is too long', () => 'x'.repeat(3000)],
])('%s is 404', async (_, idOf) => {
  const id = idOf();
  for (const what of ['fork', 'restore']) {
    const answer = await refusal(stage.api, `/api/checkpoints/${id}/${what}`, {});
    expect(answer).toMatchObject({ status: 404, type: 'checkpoint_not_found', detail: `Checkpoint '${id}' not found` });
  }
});

const place = (...path: (string | number)[]) => ['body', 'modifications', ...path];

test.each<[string, () => [RunAnswer, number], unknown, (string | number)[]]>([
  ['an unknown modification', () => [six, 2], { temperature: 1 }, place()],
  ['modifications that are no object', () => [six, 2], 'more', place()],
  ['a model for a workflow that takes none', () => [six, 2], { model: 'gpt-4.1' }, place('model')],
  ['a query for a workflow without one', () => [poem, 1], { modified_query: 'x' }, place('modified_query')],
  ['an empty model', () => [rag, 2], { model: '' }, place('model')],
  [
    'input that the schema refuses',
    () => [poem, 1],
    { input: { sentence_count: 11 } },
    place('input', 'sentence_count'),
  ],
  ['input without what is needed', () => [rag, 1], { input: { url: null } }, place('input', 'url')],
  ['input that is no object', () => [rag, 1], { input: 'x' }, place('input')],
  ['no messages', () => [rag, 2], { modified_messages: [] }, place('modified_messages')],
  [
    'messages of nobody',
    () => [rag, 2],
    { modified_messages: [{ role: 'cat', content: 'x' }] },
    place('modified_messages', 0, 'role'),
  ],
  [
    'messages that do not end with the user',
    () => [rag, 2],
    { modified_messages: [{ role: 'assistant', content: 'x' }] },
    place('modified_messages'),
  ],
  ['a step that was not taken', () => [six, 2], { steps: { part_9: {} } }, place('steps', 'part_9')],
  ['a step after the checkpoint', () => [six, 2], { steps: { part_3: {} } }, place('steps', 'part_3')],
  ['a step number after the checkpoint', () => [six, 2], { steps: { 3: {} } }, place('steps', '3')],
  ['a step that is named twice', () => [six, 2], { steps: { 1: {}, part_1: {} } }, place('steps', 'part_1')],
])('%s is 422 and names the field', async (_, at, modifications, loc) => {
  const [run, step] = at();
  const id = checkpointOf(run, step);
  for (const body of [{ modifications }, { modifications, dry_run: true }]) {
    const answer = await refusal(stage.api, `/api/checkpoints/${id}/fork`, body);
    expect(answer).toMatchObject({
      status: 422,
      type: 'invalid_request',
      detail: expect.arrayContaining([expect.objectContaining({ loc })]),
    });
  }
  const body = { modifications, create_new_run: false };
  expect((await refusal(stage.api, `/api/checkpoints/${id}/restore`, body)).status).toBe(422);
});

test('a name that two steps have is 422 and gives their numbers', async () => {
  const run = await ended(stage.api, await stage.api.start('branches', { way: 'left' }));
  const answer = await refusal(stage.api, `/api/checkpoints/${checkpointOf(run, 5)}/fork`, {
    modifications: { steps: { twin: {} } },
  });
  expect(answer).toMatchObject({
    status: 422,
    detail: [{ loc: place('steps', 'twin'), msg: expect.stringMatching(/4, 5/) }],
  });
});

test.each<[string, object]>([
  ['a description of 501 characters', { description: 'x'.repeat(501) }],
  ['a description that is no text', { description: 7 }],
  ['a dry run that is no yes or no', { dry_run: 'yes' }],
])('%s is 422', async (_, body) => {
  expect((await refusal(stage.api, `/api/checkpoints/${checkpointOf(six, 2)}/fork`, body)).status).toBe(422);
});

test('a run that is gone is 404 at once, and so is a fork of one that is no run', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'gone' }));
  const at = checkpointOf(source, 2);
  await api.ask('DELETE', `/api/runs/${source.id}`);
  expect(await refusal(api, `/api/checkpoints/${at}/fork`)).toMatchObject({
    status: 404,
    type: 'checkpoint_not_found',
  });
  expect(await refusal(api, `/api/runs/${source.id}/fork`)).toMatchObject({ status: 404, type: 'run_not_found' });
  expect(await refusal(api, '/api/runs/nothing/fork')).toMatchObject({ status: 404, type: 'run_not_found' });
});

test('keys that are not known are ignored outside of modifications, and a body is not needed', async () => {
  const { new_run_id } = await forkAt(stage.api, checkpointOf(six, 6), {}, { colour: 'blue' });
  expect((await ended(stage.api, new_run_id)).result).toEqual(six.result);
  const answer = await stage.api.ask('POST', `/api/runs/${six.id}/fork`);
  expect(answer.status).toBe(200);
});
