// Tools at a fork and at a restore: what was done already behind the point is not done again unless somebody wants it.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { answer, type WaitingFor } from '../workflows/runtime/messages.ts';
import { checkpointOf, ended, forkAt, type ForkStage, openForkStage, post, read } from './api-fork-stage.ts';
import { fork } from './forks.ts';
import { inState } from './scenarios.ts';

let stage: ForkStage;
beforeAll(async () => void (stage = await openForkStage()));
afterAll(() => stage.close());
afterEach(() => stage.world.openai.reset());

const ticket = { title: 'Lamp', description: 'Dark', priority: 'low' };
const file = { name: 'create_ticket', arguments: ticket };
const write = { name: 'send_email', arguments: { to: 'ada@example.com', subject: 'Lamp', body: 'Dark.' } };

const done = async () => readdir(join(stage.world.data, 'outbox')).catch((): string[] => []);
const run = (id: string) => stage.world.client.workflow.getHandle(id);
const told = (nth: number) =>
  (stage.world.openai.ledger[nth]?.asked?.said ?? []).filter(({ role }) => role === 'tool').map(({ text }) => text);
const waits = async (handle: WorkflowHandle): Promise<WaitingFor[]> => {
  await inState(handle, 'waiting');
  const { memo } = await handle.describe();
  const waiting = memo?.['waiting_for'];
  return Array.isArray(waiting) ? waiting : [];
};
const say = async (handle: WorkflowHandle, value: unknown) => {
  const [waiting] = await waits(handle);
  await handle.executeUpdate(answer, { args: [{ waiting_id: waiting!.waiting_id, value }] });
};

const agent = (more: object = {}) => ({ name: 'clerk', tools: ['create_ticket', 'send_email', 'calculate'], ...more });
const begin = (more: object = {}, about = 'Do it.') =>
  stage.world.start('agent', { agent: agent(more), messages: [{ role: 'user', content: about }] });

/** An ended run that has called these in its first turn, and the checkpoint before that. */
async function source(calls: { name: string; arguments: object }[] = [file], more: object = {}) {
  stage.world.openai.script({ calls });
  const handle = await begin(more);
  if (calls.some(({ name }) => name === 'send_email')) await say(handle, 'approve');
  await handle.result();
  const id = handle.workflowId;
  const before = checkpointOf(await read(stage.api, id), 1);
  stage.world.openai.reset();
  return { id, before, outbox: await done() };
}

async function forked(before: string): Promise<WorkflowHandle> {
  const { new_run_id } = await forkAt(stage.api, before);
  return run(new_run_id);
}

test('a call that the source has made is asked about first: when, by whom, with what and with which result', async () => {
  const { id, before, outbox } = await source();
  const fork = await forked(before);
  const [waiting] = await waits(fork);
  expect(waiting).toMatchObject({ kind: 'approval', tool: 'create_ticket', args: ticket });
  expect(waiting?.question).toMatch(
    new RegExp(
      `^create_ticket was called before, by run ${id} at 2\\S+Z with \\{"title":"Lamp".*: done, with the result .*T-`,
    ),
  );
  expect(await done()).toEqual(outbox);
  await say(fork, 'approve');
  await fork.result();
  expect(await done()).toHaveLength(outbox.length + 1);
  expect(told(0)).toEqual([expect.stringContaining('"ticket_id"')]);
});

test.each([
  [
    { decision: 'reject', reason: 'Once is enough.' },
    /^The call was rejected, and has not been made: Once is enough\.$/,
  ],
  [{ decision: 'reuse' }, /"ticket_id":"T-/],
])('answered with %j nothing is done, and the model is told so', async (value, text) => {
  const { before, outbox } = await source();
  const fork = await forked(before);
  await say(fork, value);
  await fork.result();
  expect(told(0)).toEqual([expect.stringMatching(text)]);
  expect(await done()).toEqual(outbox);
});

test('a tool that needs an approval asks once for both', async () => {
  const { before, outbox } = await source([write]);
  const fork = await forked(before);
  const [waiting] = await waits(fork);
  expect(waiting?.question).toMatch(/^send_email was called before/);
  await say(fork, 'approve');
  await fork.result();
  expect(await done()).toHaveLength(outbox.length + 1);
});

test('an approval that the source was given is not one of the fork', async () => {
  const { id, outbox } = await source([write]);
  const { steps } = await read(stage.api, id);
  const answered = steps.find(({ kind }) => kind === 'wait')!.step_num!;
  const fork = await forked(checkpointOf(await read(stage.api, id), answered));
  const [waiting] = await waits(fork);
  expect(waiting?.question).toMatch(/^send_email was called before/);
  await say(fork, 'reject');
  await fork.result();
  expect(await done()).toEqual(outbox);
});

test('a tool that changes nothing outside is taken again, and so is one that the agent says so of: under the same key', async () => {
  const sum = { name: 'calculate', arguments: { expression: '2 + 2' } };
  const { before, outbox } = await source([sum, file], { config: { again: { create_ticket: 'reexecute' } } });
  const fork = await forked(before);
  await fork.result();
  expect(told(0)).toEqual(['4', expect.stringContaining('ticket_id')]);
  expect(await done()).toEqual(outbox);
});

test('with `reuse` the earlier result is taken for the same arguments, and for others a person is asked', async () => {
  const again = { config: { again: { create_ticket: 'reuse' } } };
  const { id, before, outbox } = await source([file], again);
  const fork = await forked(before);
  await fork.result();
  expect(told(0)).toEqual([expect.stringContaining('"ticket_id"')]);
  expect(await done()).toEqual(outbox);
  stage.world.openai.reset();
  const view = await read(stage.api, id);
  const first = view.steps.find(({ step_num }) => step_num === 1)!;
  const calls = [
    {
      id: 'c',
      type: 'function',
      function: { name: file.name, arguments: JSON.stringify({ ...ticket, title: 'Other' }) },
    },
  ];
  const result = { text: '', finish: 'complete', tool_calls: calls };
  const { new_run_id } = await forkAt(stage.api, before, { steps: { [first.step]: result } });
  const [waiting] = await waits(run(new_run_id));
  expect(waiting?.question).toMatch(/^create_ticket was called before/);
  await run(new_run_id).terminate();
});

test('a restore in place asks as well, and the next one knows what the one before has done', async () => {
  const { id, before, outbox } = await source();
  const restore = () => post(stage.api, `/api/checkpoints/${before}/restore`, { create_new_run: false });
  await restore();
  expect((await waits(run(id)))[0]?.question).toMatch(/^create_ticket was called before,/);
  await say(run(id), 'approve');
  await ended(stage.api, id);
  await restore();
  expect((await waits(run(id)))[0]?.question).toMatch(/^create_ticket was called 2 times before/);
  await say(run(id), { decision: 'reuse' });
  await ended(stage.api, id);
  expect(await done()).toHaveLength(outbox.length + 1);
});

test('a fork of a fork knows what both have done', async () => {
  const { before } = await source();
  const fork = await forked(before);
  await say(fork, 'approve');
  await fork.result();
  const again = await forked(checkpointOf(await read(stage.api, fork.workflowId), 1));
  const [waiting] = await waits(again);
  expect(waiting?.question).toMatch(
    new RegExp(`^create_ticket was called 2 times before, the last time by run ${fork.workflowId}`),
  );
  await again.terminate();
});

test('a yes that is given after the run has continued in a new timeline counts, and the question is not put again', async () => {
  const { before, outbox } = await source();
  const first = await forked(before);
  const [waiting] = await waits(first);
  const { runId: timeline } = await first.describe();
  const args = [{ agent: agent(), messages: [{ role: 'user', content: 'Do it.' }] }];
  const place = { run: first.workflowId, timeline };
  const next = await fork(stage.world, { type: 'agent', args, source: place, kind: 'continue' });
  const given = { waiting_id: waiting!.waiting_id, value: 'approve' };
  const answered = () => next.executeUpdate(answer, { args: [given] }).catch(() => undefined);
  await expect.poll(answered, { timeout: 5000 }).toEqual({ accepted: true });
  await next.result();
  expect(await done()).toHaveLength(outbox.length + 1);
  await first.terminate();
});

test('of a source that is gone nobody knows: it asks', async () => {
  const { id, before, outbox } = await source();
  const fork = await forked(before);
  await waits(fork);
  const { memo } = await fork.describe();
  expect(memo).toBeDefined();
  const later = checkpointOf(await read(stage.api, fork.workflowId), 1);
  await stage.world.client.workflowService.deleteWorkflowExecution({
    namespace: stage.world.client.options.namespace,
    workflowExecution: { workflowId: id },
  });
  await expect
    .poll(
      () =>
        run(id)
          .describe()
          .then(
            () => 'there',
            () => 'gone',
          ),
      { timeout: 10_000 },
    )
    .toBe('gone');
  const second = await forked(later);
  expect((await waits(second))[0]?.question).toMatch(new RegExp(`cannot be known: run ${id} is gone`));
  await say(second, 'reject');
  await second.result();
  await fork.terminate();
  expect(await done()).toEqual(outbox);
});

test('of a source that is running counts what it has done by now', async () => {
  stage.world.openai.script({ calls: [file] });
  stage.world.openai.script({ calls: [write] });
  const handle = await begin();
  await inState(handle, 'waiting');
  const before = checkpointOf(await read(stage.api, handle.workflowId), 1);
  const fork = await forked(before);
  expect((await waits(fork))[0]?.question).toMatch(/^create_ticket was called before/);
  // The email waits for its yes: it was not sent.
  stage.world.openai.script({ calls: [write] });
  await say(fork, { decision: 'reuse' });
  await expect.poll(async () => (await waits(fork))[0]?.question).toMatch(/^May send_email be called\?/);
  await say(handle, 'approve');
  await handle.result();
  await say(fork, 'approve');
  await expect.poll(async () => (await waits(fork))[0]?.question).toMatch(/^send_email was called before/);
  await fork.terminate();
});

test('what a sub-agent of the source has done counts for that of the fork', async () => {
  const clerk = { name: 'filer', system_prompt: 'You file.', tools: ['create_ticket'] };
  const { openai } = stage.world;
  const asks = { calls: [{ name: 'agent_filer', arguments: { message: 'File it.' } }] };
  openai.script({ match: 'Ask the filer', ...asks });
  openai.script({ match: 'You file', calls: [file], times: 1 });
  const handle = await begin({ agents: [clerk], tools: [] }, 'Ask the filer.');
  await handle.result();
  const outbox = await done();
  openai.script({ match: 'You file', calls: [file], times: 1 });
  const fork = await forked(checkpointOf(await read(stage.api, handle.workflowId), 1));
  const child = async () => {
    const { events } = await fork.fetchHistory();
    const started = events?.find((event) => event.childWorkflowExecutionStartedEventAttributes);
    return started?.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId ?? '';
  };
  await expect.poll(child).not.toBe('');
  const filer = run(await child());
  expect((await waits(filer))[0]?.question).toMatch(/^create_ticket was called before/);
  await say(filer, { decision: 'reuse' });
  await fork.result();
  expect(await done()).toEqual(outbox);
});

test('a dry run tells the side effect of a tool', async () => {
  const { before } = await source([{ name: 'calculate', arguments: { expression: '1' } }, file]);
  const { side_effects } = await post<{ side_effects: { name: string; side_effect: string }[] }>(
    stage.api,
    `/api/checkpoints/${before}/fork`,
    { dry_run: true },
  );
  expect(side_effects).toMatchObject([{ name: 'create_ticket', side_effect: 'external' }]);
});
