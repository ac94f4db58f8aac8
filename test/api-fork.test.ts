// Forks over HTTP: what the model is asked, what is paid, and that the source never notices.
import { join } from 'node:path';
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readCheckpointId } from '../api/runs/checkpoint-id.ts';
import type { DryRun, Tree } from '../api/runs/fork-shape.ts';
import type { RunAnswer, runList } from '../api/runs/shape.ts';
import {
  checkpointOf,
  ended,
  forkAt,
  type ForkAnswer,
  type ForkStage,
  openForkStage,
  post,
  question,
  read,
  refusal,
} from './api-fork-stage.ts';
import { json, openApiStage } from './api-stage.ts';
import { type Call, defaultAnswer } from './openai.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
beforeEach(() => stage.world.openai.reset());

const roles = (call: Call | undefined) => call?.asked?.said.map(({ role, text }) => [role, text]);

/** A run that has taken its first steps and holds in the one that is about `hold`. */
async function running(workflow: string, input: unknown, hold: string, steps: number): Promise<RunAnswer> {
  stage.world.openai.script({ match: hold, tokens: 400, tokenMs: 50 });
  const id = await stage.api.start(workflow, input, { tags: ['family'], metadata: { for: 'me' } });
  const run = await stage.api.until(id, ({ metrics }) => metrics?.steps_count === steps);
  await stage.world.openai.until(() => stage.world.openai.matching(hold).some(({ tokens }) => tokens > 3));
  return run;
}

/** All that a client and Temporal can tell of it. */
async function traceOf(id: string) {
  const { events } = await stage.world.client.workflow.getHandle(id).fetchHistory();
  const [run, stream] = await Promise.all([
    stage.api.ask('GET', `/api/runs/${id}`),
    stage.api.ask('GET', `/api/runs/${id}/events`),
  ]);
  return { events, run: await run.text(), stream: await stream.text() };
}

test('a fork of a running run pays for nothing that is recorded, and the source is byte for byte the same', async () => {
  const { api, world } = stage;
  const source = await running('six', { topic: 'forked while it runs' }, 'part 4', 3);
  const before = await traceOf(source.id);
  world.openai.script({ match: 'part 4', text: 'four' });
  world.openai.ledger.length = 0;

  const forked = await forkAt(api, checkpointOf(source, 2), undefined, { description: 'to see' });
  expect(forked).toEqual({
    new_run_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
    checkpoint_id: expect.any(String),
    message: 'Forked successfully',
  });
  const run = await ended(api, forked.new_run_id);
  expect(run.status).toBe('completed');
  expect(world.openai.ledger.map(({ prompt }) => prompt.slice(-6))).toEqual(['part 3', 'part 4', 'part 5', 'part 6']);
  expect(readCheckpointId(forked.checkpoint_id)).toEqual({ ...readCheckpointId(checkpointOf(source, 2)), run: run.id });
  expect(run).toMatchObject({
    workflow: 'six',
    tags: ['family'],
    metadata: { for: 'me' },
    lineage: {
      forked_from: source.id,
      checkpoint_id: checkpointOf(source, 2),
      root: source.id,
      description: 'to see',
    },
  });
  const after = await traceOf(source.id);
  // The order of a map's keys is the server's whim: the events are compared, the answers byte for byte.
  expect(after.events).toEqual(before.events);
  expect(after.run === before.run && after.stream === before.stream).toBe(true);
  await api.ask('POST', `/api/runs/${source.id}/cancel`);
});

test('every modification reaches the model; the page is not fetched and the first answer not bought again', async () => {
  const { api, world, url } = stage;
  const source = await ended(api, await api.start('rag', { ...question('Do otters hold hands?'), url }));
  const [first, second] = [checkpointOf(source, 1), checkpointOf(source, 2)];
  const asked = async (checkpoint: string, modifications: object) => {
    world.openai.ledger.length = 0;
    const { new_run_id } = await forkAt(api, checkpoint, modifications);
    expect((await ended(api, new_run_id)).status).toBe('completed');
    return [...world.openai.ledger];
  };

  const [query, ...none] = await asked(second, { modified_query: 'Why do they?' });
  expect(none).toEqual([]);
  expect(roles(query)?.at(-1)).toEqual(['user', 'Why do they?']);

  const both = await asked(first, { model: 'gpt-4.1', modified_query: 'Who does?' });
  expect(both.map(({ asked }) => asked?.model)).toEqual(['gpt-4.1', 'gpt-4.1']);
  expect(roles(both[0])?.[0]?.[1]).toContain('Who does?');

  const [prompt] = await asked(second, { system_prompt: 'In one word: {message}' });
  expect(roles(prompt)?.[0]).toEqual(['system', 'In one word: Do otters hold hands?']);

  const messages = [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hi' },
    { role: 'user', content: 'And otters?' },
  ];
  const [said] = await asked(second, { modified_messages: messages, modified_query: 'never asked' });
  expect(roles(said)?.slice(1)).toEqual(messages.map(({ role, content }) => [role, content]));

  const [patched] = await asked(second, { input: { overrides: { generate_response: { prompt: 'Patched.' } } } });
  expect(roles(patched)?.[0]).toEqual(['system', 'Patched.']);
});

test('an edited step is the last one that is kept, whatever checkpoint was asked for', async () => {
  const { api, world, url } = stage;
  const source = await ended(api, await api.start('rag', { ...question('Edited?'), url }));
  const [page, sentences] = source.steps.map(({ result }) => z.looseObject({}).parse(result));
  const reply = (text: string) => ({ ...sentences, text });
  world.openai.ledger.length = 0;
  const { new_run_id, checkpoint_id } = await forkAt(api, checkpointOf(source, 3), {
    steps: { reason_docs: reply('They do not.') },
  });
  const run = await ended(api, new_run_id);
  expect(checkpoint_id).toBe(checkpointOf(run, 2));
  expect(run.result).toMatchObject({ research: 'They do not.' });
  expect(world.openai.ledger).toHaveLength(1);
  expect(roles(world.openai.ledger[0])?.[0]?.[1]).toContain('They do not.');

  // By number and by key, two at once: what lies between them keeps its result.
  const two = await forkAt(api, checkpointOf(source, 3), {
    steps: { 1: { ...page, title: 'Edited' }, 2: reply('Perhaps.') },
  });
  expect((await ended(api, two.new_run_id)).result).toMatchObject({
    research: 'Perhaps.',
    page: { title: 'Edited' },
  });
});

test('an edit as large as a body may be is taken', async () => {
  const { api, url } = stage;
  const source = await ended(api, await api.start('rag', { ...question('Large?'), url }));
  const page = z.looseObject({}).parse(source.steps[0]?.result);
  const text = 'long '.repeat(150_000);
  const { new_run_id } = await forkAt(api, checkpointOf(source, 1), { steps: { load_docs: { ...page, text } } });
  const run = await ended(api, new_run_id);
  expect(run.status).toBe('completed');
  expect(stage.world.openai.matching(text)).toHaveLength(1);
});

test('a run is forked at its newest step; without one as it is, and from its beginning when it has ended', async () => {
  const { api, world } = stage;
  const at = (id: string, body?: object) => post<ForkAnswer>(api, `/api/runs/${id}/fork`, body);
  const done = await ended(api, await api.start('six', { topic: 'newest' }));
  world.openai.ledger.length = 0;
  const last = await at(done.id);
  expect((await ended(api, last.new_run_id)).result).toEqual(done.result);
  expect(world.openai.ledger).toEqual([]);

  world.openai.script({ match: 'no step yet', tokens: 400, tokenMs: 50 });
  const open = await api.start('simple', question('no step yet'));
  await world.openai.until(() => world.openai.matching('no step yet').some(({ tokens }) => tokens > 2));
  world.openai.script({ match: 'asked anew', text: 'yes' });
  const other = await at(open, { modifications: { modified_query: 'asked anew' } });
  expect((await ended(api, other.new_run_id)).response_content).toBe('yes');
  await api.ask('POST', `/api/runs/${open}/cancel`);

  world.openai.script({ match: 'refused', fault: { status: 400 } });
  const failed = await ended(api, await api.start('simple', question('refused')));
  expect(failed.status).toBe('failed');
  const again = await at(failed.id);
  expect((await ended(api, again.new_run_id)).status).toBe('completed');
});

test('a fork at a step after which its source has paused shows that it runs, and can be paused', async () => {
  const { api, world } = stage;
  world.openai.script({ match: 'pausing part 2', tokens: 40, tokenMs: 50 });
  const id = await api.start('six', { topic: 'pausing' });
  await world.openai.until(() => world.openai.matching('pausing part 2').length === 1);
  await api.ask('POST', `/api/runs/${id}/pause`, {});
  const source = await api.until(id, ({ status }) => status === 'paused');
  world.openai.script({ match: 'pausing part 3', tokens: 400, tokenMs: 50 });
  const { new_run_id } = await forkAt(api, checkpointOf(source, 2));
  await world.openai.until(() => world.openai.matching('pausing part 3').length === 1);
  expect(await read(api, new_run_id)).toMatchObject({ status: 'running', stopping: false });
  expect((await api.ask('POST', `/api/runs/${new_run_id}/pause`, { mode: 'now' })).status).toBe(200);
  await api.until(new_run_id, ({ status }) => status === 'paused');
  await Promise.all([id, new_run_id].map((run) => api.ask('POST', `/api/runs/${run}/cancel`)));
});

test('a fork whose edit the code cannot take fails and says so; its dry run says it before', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('poem_flow', { sentence_count: 2 }));
  const modifications = { steps: { write_poem: null } };
  const at = checkpointOf(source, 2);
  const said = await post<DryRun>(api, `/api/checkpoints/${at}/fork`, { dry_run: true, modifications });
  expect(said).toMatchObject({ fits: false });
  expect(said.reason).toContain('TypeError');
  const inPlace = { create_new_run: false, modifications };
  expect(await refusal(api, `/api/checkpoints/${at}/restore`, inPlace)).toMatchObject({ type: 'does_not_fit' });
  const fork = await ended(api, (await forkAt(api, at, modifications)).new_run_id);
  expect(fork).toMatchObject({ status: 'failed', error: { type: 'ForkDiverged' } });
});

test('a fork whose large edit is lost is in the lists and can be read all the same', async () => {
  const { api, world } = stage;
  const tag = `lost-${Date.now()}`;
  const source = await ended(api, await api.start('six', { topic: 'lost' }, { tags: [tag] }));
  const modifications = { steps: { 2: { text: 'A line. '.repeat(6000), finish: 'stop' } } };
  const { new_run_id } = await forkAt(api, checkpointOf(source, 3), modifications);
  await ended(api, new_run_id);
  const lost = await openApiStage({ ...world, data: join(world.data, 'another') });
  const list = async () => json<z.infer<typeof runList>>(await lost.ask('GET', `/api/runs?tag=${tag}`));
  await expect
    .poll(list, { timeout: 5000 })
    .toMatchObject({ total: 2, items: [{ id: new_run_id }, { id: source.id }] });
  expect(await read(lost, new_run_id)).toMatchObject({ status: 'completed', lineage: { forked_from: source.id } });
  const tree = await json<Tree>(await lost.ask('GET', `/api/runs/${source.id}/tree`));
  expect(JSON.stringify(tree)).toContain(new_run_id);
  await lost.close();
});

test('forks of forks keep the root', async () => {
  const { api } = stage;
  const { id: root } = await ended(api, await api.start('six', { topic: 'deep' }));
  for (let depth = 1; depth <= 3; depth++) {
    const { new_run_id, checkpoint_id } = await forkAt(api, checkpointOf(await read(api, root), depth));
    const run = await ended(api, new_run_id);
    expect(run.lineage.root).toBe(root);
    const inner = await forkAt(api, checkpoint_id, { input: { topic: 'deeper' } });
    const grandchild = await ended(api, inner.new_run_id);
    expect(grandchild.lineage).toMatchObject({ forked_from: new_run_id, checkpoint_id, root });
    expect(JSON.stringify(grandchild.result)).not.toBe(JSON.stringify(run.result));
  }
});

test('many forks of one checkpoint at once: each prompt is asked once, each gets its own answer', async () => {
  const { api, world, url } = stage;
  const source = await ended(api, await api.start('rag', { ...question('Many?'), url }));
  const checkpoint = checkpointOf(source, 2);
  world.openai.ledger.length = 0;
  const all = Array.from({ length: process.env['WAYMARK_LONG'] ? 100 : 20 }, (_, i) => `Way ${i}?`);
  const forks = await Promise.all(all.map((modified_query) => forkAt(api, checkpoint, { modified_query })));
  // Waited for, not asked again and again: that would keep the machine busier than the forks do.
  const runs = await Promise.all(
    forks.map(async ({ new_run_id }) => api.ask('GET', `/api/runs/${new_run_id}/result?timeout=100`)),
  );
  const answers = await Promise.all(runs.map((answer) => json<{ response: string }>(answer)));
  expect(answers.map(({ response }) => response)).toEqual(all.map((query) => defaultAnswer(query)));
  expect(world.openai.ledger.map(({ prompt }) => prompt).toSorted()).toEqual(all.toSorted());
}, 120_000);

test('a client that names JSON and sends nothing has sent no body; one that edits `__proto__` has named no step', async () => {
  const { api } = stage;
  const source = await ended(api, await api.start('six', { topic: 'no body' }));
  const at = `/api/checkpoints/${checkpointOf(source, 5)}`;
  for (const path of [`${at}/fork`, `${at}/restore`, `/api/runs/${source.id}/fork`])
    expect((await api.ask('POST', path, '')).status).toBe(200);
  for (const path of [`${at}/fork`, `${at}/restore`]) {
    const answer = await api.ask('POST', path, '{"modifications": {"steps": {"__proto__": {"text": "other"}}}}');
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('__proto__');
  }
});
