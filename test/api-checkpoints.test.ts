// Checkpoints over HTTP: those of a run, and one of them as it was, whatever the run does later.
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCheckpointId } from '../api/runs/checkpoint-id.ts';
import type { CheckpointAnswer, CheckpointList } from '../api/runs/checkpoint-shape.ts';
import { json } from './api-stage.ts';
import {
  checkpointOf,
  ended,
  forkAt,
  type ForkStage,
  openForkStage,
  post,
  question,
  read,
  type RestoreAnswer,
} from './api-fork-stage.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const list = async (run: string, query = ''): Promise<CheckpointList> => {
  const answer = await stage.api.ask('GET', `/api/runs/${run}/checkpoints${query}`);
  expect(answer.status).toBe(200);
  return json(answer);
};
const text = async (id: string): Promise<string> => {
  const answer = await stage.api.ask('GET', `/api/checkpoints/${id}`);
  expect(answer.status).toBe(200);
  return answer.text();
};
const one = async (id: string): Promise<CheckpointAnswer> => {
  const answer: CheckpointAnswer = JSON.parse(await text(id));
  return answer;
};
const reply = z.looseObject({ text: z.string() });
const inPlace = { create_new_run: false };

test('a run has one for each step, oldest first, under both addresses, and pages of them', async () => {
  const run = await ended(stage.api, await stage.api.start('six', { topic: 'listed' }));
  const all = await list(run.id);
  expect(all).toMatchObject({ total: 6, limit: 20, offset: 0 });
  expect(all.items).toEqual(
    run.steps.map((step, i) => ({
      id: checkpointOf(run, i + 1),
      run_id: run.id,
      step_num: i + 1,
      description: step.name,
      created_at: step.completed_at,
      message_count: 2 * (i + 1),
      total_tokens: expect.any(Number),
      tags: [],
      status: 'running',
    })),
  );
  expect(all.items.at(-1)?.total_tokens).toBe(run.metrics?.total_tokens);
  const alias = await stage.api.ask('GET', `/api/checkpoints/runs/${run.id}/checkpoints`);
  expect(await json(alias)).toEqual(all);
  expect(await list(run.id, '?limit=2&offset=3')).toEqual({
    ...all,
    items: all.items.slice(3, 5),
    limit: 2,
    offset: 3,
  });
  expect((await list(run.id, '?offset=6')).items).toEqual([]);
  for (const query of ['?limit=0', '?limit=1001', '?offset=-1', '?limit=x'])
    expect((await stage.api.ask('GET', `/api/runs/${run.id}/checkpoints${query}`)).status).toBe(422);
});

test('an unknown run has none; an unknown or malformed checkpoint is 404', async () => {
  for (const id of ['nothing', '00000000-0000-4000-8000-000000000000', '%00', 'x'.repeat(300)])
    expect(await list(id)).toEqual({ total: 0, items: [], limit: 20, offset: 0 });
  const run = await ended(stage.api, await stage.api.start('six', { topic: 'unknown' }));
  const known = readCheckpointId(checkpointOf(run, 1));
  if (!known) throw new Error('unreadable');
  const { timeline, event } = known;
  const made = (text: string) => Buffer.from(text).toString('base64url');
  const wrong = [
    'nothing',
    run.id,
    `${checkpointOf(run, 1)}x`,
    made(`${timeline}.${event}.nothing`),
    made(`${timeline}.9999.${run.id}`),
    made(`00000000-0000-4000-8000-000000000000.${event}.${run.id}`),
    made(`${timeline}.0.${run.id}`),
  ];
  for (const id of wrong) {
    const answer = await stage.api.ask('GET', `/api/checkpoints/${id}`);
    expect(answer.status).toBe(404);
    expect(await json(answer)).toMatchObject({ type: 'checkpoint_not_found', detail: `Checkpoint '${id}' not found` });
  }
});

test('one tells what was asked and answered, the step there, and how the model was asked', async () => {
  const { api, url } = stage;
  const run = await ended(api, await api.start('rag', { ...question('Do otters hold hands?'), url }));
  const page = await one(checkpointOf(run, 1));
  expect(page).toMatchObject({ step_num: 1, description: 'load_docs', messages: [], agent_config: null });
  expect(page.step).toMatchObject({ name: 'load_docs', activity: 'fetchPage', input: { url } });
  expect(page.step?.result).toMatchObject({ title: 'Otters' });
  const last = await one(checkpointOf(run, 3));
  expect(last).toMatchObject({ id: checkpointOf(run, 3), run_id: run.id, step_num: 3, status: 'running', tags: [] });
  expect(last.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'system', 'user', 'assistant']);
  expect(last.messages.at(-1)?.content).toBe(run.response_content);
  expect(last.agent_config).toMatchObject({ model: expect.stringContaining('gpt-4o-mini'), tools: [] });
  expect(last.agent_config?.system_prompt).toContain('You are a helpful assistant');
  expect(last.metrics).toMatchObject({ total_tokens: run.metrics?.total_tokens, steps_count: 3 });
  expect((await list(run.id)).items.map(({ message_count }) => message_count)).toEqual([0, 3, 6]);
});

test('a conversation is told once, however its steps refer to it; large questions are told whole', async () => {
  const { api, world } = stage;
  const handle = await world.start('talks', { topic: 'long', turns: 3, chars: 50_000 });
  await handle.result();
  const run = await read(api, handle.workflowId);
  const { messages, step } = await one(checkpointOf(run, 3));
  expect(messages.map(({ role, content }) => [role, content.length > 40_000])).toEqual([
    ['user', true],
    ['assistant', false],
    ['user', true],
    ['assistant', false],
    ['user', true],
    ['assistant', false],
  ]);
  expect(JSON.stringify(step?.input)).toContain(messages[4]?.content);
  expect((await list(run.id)).items.map(({ message_count }) => message_count)).toEqual([2, 4, 6]);
});

test('names that somebody gave join the list, with their tags; so do the answers of a person', async () => {
  const { api } = stage;
  const id = await api.start('asks', { topic: 'named' });
  await api.until(id, ({ status }) => status === 'waiting');
  await api.ask('POST', `/api/runs/${id}/answer`, { waiting_id: 'tone-1', value: 'dry' });
  await api.until(id, ({ waiting_for }) => waiting_for[0]?.name === 'verdict');
  const body = { description: 'before the verdict', tags: ['good', 'kept'] };
  const named = await post<{ id: string }>(api, `/api/runs/${id}/checkpoints`, body);
  await stage.world.client.workflow.getHandle(id).signal('name_checkpoint', { description: 'by the CLI' });
  const { total, items } = await list(id);
  expect(total).toBe(4);
  expect(items).toMatchObject([
    { step_num: 1, description: 'tone', message_count: 0 },
    { step_num: 2, description: 'draft', message_count: 2, status: 'running' },
    { ...body, id: named.id, step_num: 2, message_count: 2, status: 'waiting' },
    { description: 'by the CLI', tags: [], step_num: 2 },
  ]);
  const read = await one(named.id);
  expect(read).toMatchObject({ ...body, run_id: id, step_num: 2, step: { name: 'draft' }, status: 'waiting' });
  expect(read.created_at).toBe(items[2]?.created_at);
  const tone = await one(items[0]?.id ?? '');
  expect(tone.step).toMatchObject({ kind: 'wait', name: 'tone', activity: null, result: 'dry' });
  await api.ask('POST', `/api/runs/${id}/cancel`);
});

test('the same bytes while the run goes on, once it has ended, and after it was rewound', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'same part 4', tokens: 400, tokenMs: 50 });
  const id = await api.start('six', { topic: 'same' });
  await world.openai.until(() => world.openai.matching('same part 4').some(({ tokens }) => tokens > 3));
  const early = (await list(id)).items;
  expect(early).toHaveLength(3);
  const all = () => Promise.all(early.map((item) => text(item.id)));
  const before = await all();
  await post<RestoreAnswer>(api, `/api/checkpoints/${early[0]?.id}/restore`, { ...inPlace, force: true });
  await ended(api, id);
  expect(await all()).toEqual(before);
  const { items, total } = await list(id);
  // The third and the second of the first timeline, and those that were taken again.
  expect(items.map(({ step_num }) => step_num)).toEqual([1, 2, 3, 2, 3, 4, 5, 6]);
  expect(total).toBe(8);
  expect(items.slice(0, 3)).toEqual(early);
  expect(new Set(items.map((item) => item.id)).size).toBe(8);
  for (const item of items) {
    const { step_num, description, messages, metrics, created_at } = await one(item.id);
    expect({ step_num, description, created_at }).toEqual({
      step_num: item.step_num,
      description: item.description,
      created_at: item.created_at,
    });
    expect([messages.length, metrics.total_tokens]).toEqual([item.message_count, item.total_tokens]);
  }
});

test('a fork has those that it was served, under ids of its own, with the results that were edited', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'served' }));
  const result = { ...reply.parse(source.steps[1]?.result), text: 'edited' };
  const { new_run_id, checkpoint_id } = await forkAt(api, checkpointOf(source, 2), { steps: { 2: result } });
  await ended(api, new_run_id);
  const { items } = await list(new_run_id);
  expect(items.map(({ step_num, run_id }) => [step_num, run_id])).toEqual(
    [1, 2, 3, 4, 5, 6].map((step) => [step, new_run_id]),
  );
  expect(items[1]?.id).toBe(checkpoint_id);
  const own = await one(checkpoint_id);
  expect(own).toMatchObject({ run_id: new_run_id, step: { result: { text: 'edited' } } });
  expect(own.messages.map(({ content }) => content)).toEqual([
    'served part 1',
    reply.parse(source.steps[0]?.result).text,
    'served part 2',
    'edited',
  ]);
  expect((await one(checkpointOf(source, 2))).messages.at(-1)?.content).not.toBe('edited');
  // Forked where one of the fork's own served ones is.
  const again = await forkAt(api, items[0]?.id ?? '');
  expect((await ended(api, again.new_run_id)).lineage.forked_from).toBe(new_run_id);
});

test('the checkpoint of a step that a restore in place edited has the edited result, and the one before it the old', async () => {
  const { api, url, world } = stage;
  const source = await ended(api, await api.start('rag', { ...question('Do otters hold hands?'), url }));
  const original = checkpointOf(source, 2);
  const before = await one(original);
  const result = { ...reply.parse(before.step?.result), text: 'They do not.' };
  world.openai.script({ match: 'They do not.', tokens: 400, tokenMs: 50 });
  const steps = { 2: result };
  const { checkpoint_id } = await post<RestoreAnswer>(api, `/api/checkpoints/${checkpointOf(source, 3)}/restore`, {
    ...inPlace,
    modifications: { steps },
  });
  await world.openai.until(() => world.openai.matching('They do not.').some(({ outcome }) => outcome === 'open'));
  await api.ask('POST', `/api/runs/${source.id}/cancel`);
  const run = await ended(api, source.id);
  const edited = checkpointOf(run, 2);
  expect((await list(run.id)).items.map(({ id }) => id)).toEqual([
    ...[1, 2, 3].map((step) => checkpointOf(source, step)),
    edited,
  ]);
  expect(checkpoint_id).toBe(edited);
  expect(checkpointOf(run, 1)).toBe(checkpointOf(source, 1));
  expect((await one(edited)).step?.result).toEqual(result);
  expect(await text(original)).toBe(JSON.stringify(before));

  /** What the model was asked in the fork's only new step. */
  const askedIn = async (path: string): Promise<string> => {
    world.openai.ledger.length = 0;
    const { new_run_id } = await post<RestoreAnswer>(api, path);
    expect(await ended(api, new_run_id)).toMatchObject({ status: 'completed' });
    expect(world.openai.ledger).toHaveLength(1);
    return JSON.stringify(world.openai.ledger[0]);
  };
  for (const path of [
    `/api/checkpoints/${edited}/fork`,
    `/api/checkpoints/${checkpoint_id}/restore`,
    `/api/runs/${run.id}/fork`,
  ])
    expect(await askedIn(path)).toContain('They do not.');
  expect(await askedIn(`/api/checkpoints/${original}/fork`)).not.toContain('They do not.');

  // A timeline that was served it has it so, too; and so has a fork, which names the edited point as where it is from.
  const { new_run_id } = await forkAt(api, edited);
  const fork = await ended(api, new_run_id);
  expect(fork.lineage.checkpoint_id).toBe(edited);
  expect(await one(checkpointOf(fork, 2))).toMatchObject({ run_id: fork.id, step: { result } });
  await post(api, `/api/checkpoints/${original}/restore`, inPlace);
  const again = await api.until(run.id, ({ timelines, completed_at }) => timelines.length === 3 && !!completed_at);
  expect(checkpointOf(again, 2)).toBe(original);
  expect((await one(edited)).step?.result).toEqual(result);
});
