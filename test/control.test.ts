// Pause, resume and cancel at every odd moment, by signals alone: what the CLI, the Web UI and the API all send.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerSignal, pause, resume, state } from '../workflows/runtime/messages.ts';
import { defaultAnswer } from './openai.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());
beforeEach(() => world.openai.reset());

const question = (content: string) => ({ messages: [{ role: 'user', content }] });
// Would speak for 12 s: whatever ends sooner was aborted. How fast is measured in bench/.
const slow = { tokens: 400, tokenMs: 30 };
const soonMs = 5000;

const speaking = (about: string, tokens = 3) =>
  world.openai.until(() => world.openai.matching(about).some((call) => call.tokens >= tokens));

async function startSlow(about: string): Promise<WorkflowHandle> {
  world.openai.script({ match: about, ...slow });
  const run = await world.start('simple', question(about));
  await speaking(about);
  return run;
}

async function endOf(run: WorkflowHandle): Promise<'completed' | 'cancelled' | 'failed'> {
  try {
    await run.result();
    return 'completed';
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return error.cause instanceof CancelledFailure ? 'cancelled' : 'failed';
  }
}

test('a pause "now" closes the connection to the model at once and keeps text and cost of the partial', async () => {
  const run = await startSlow('closes');
  const asked = Date.now();
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  const [call] = world.openai.matching('closes');
  expect(call?.outcome).toBe('aborted');
  expect(call!.closed_at! - asked).toBeLessThan(soonMs);
  const { waste, usage } = await run.query(state);
  expect(waste.output_tokens).toBeGreaterThan(0);
  expect(waste.estimated).toBe(true);
  expect(usage.output_tokens).toBe(0);
  await run.terminate();
});

test('nothing is asked of the model while a run is paused', async () => {
  const run = await startSlow('quiet');
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  await sleep(700);
  expect(world.openai.matching('quiet')).toHaveLength(1);
  await run.signal(resume);
  expect(await endOf(run)).toBe('completed');
  expect(world.openai.matching('quiet')).toHaveLength(2);
});

test('resume "continue" hands the model its partial, and the answer is the partial and what follows', async () => {
  const run = await startSlow('goes on');
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  world.openai.script({ match: 'goes on', text: ' and the rest.' });
  await run.signal(resume, 'continue');
  const { answer } = await run.result();
  expect(answer).toMatch(/ and the rest\.$/);
  const said = answer.slice(0, -' and the rest.'.length);
  expect(said.length).toBeGreaterThan(0);
  expect(JSON.stringify(world.openai.matching('goes on')[1]?.body)).toContain(said);
});

test('resume "regenerate" asks anew', async () => {
  const run = await startSlow('anew');
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  world.openai.script({ match: 'anew', text: 'From the start.' });
  await run.signal(resume, 'regenerate');
  expect((await run.result()).answer).toBe('From the start.');
});

test('a pause "drain" lets the step in flight finish and holds the next one', async () => {
  world.openai.script({ match: 'drains part 1', tokens: 20, tokenMs: 30 });
  const run = await world.start('six', { topic: 'drains' });
  await speaking('drains part 1');
  await run.signal(pause);
  await inState(run, 'stopping');
  await inState(run, 'paused');
  expect(world.openai.matching('drains part 1')[0]?.outcome).toBe('answered');
  await sleep(500);
  expect(world.openai.matching('drains')).toHaveLength(1);
  await run.signal(resume);
  expect(await run.result()).toHaveLength(6);
  expect(world.openai.matching('drains')).toHaveLength(6);
});

test('a second pause "now" aborts what a pause "drain" had let go on', async () => {
  const run = await startSlow('stronger');
  await run.signal(pause, 'drain');
  await inState(run, 'stopping');
  await run.signal(pause, 'now');
  await inState(run, 'paused', 1500);
  expect(world.openai.matching('stronger')[0]?.outcome).toBe('aborted');
  await run.signal(pause, 'now');
  await run.signal(resume);
  expect(await endOf(run)).toBe('completed');
});

test('a run paused before its first step makes no model call until it is resumed', async () => {
  await world.dismiss();
  const run = await world.start('simple', question('before'));
  await run.signal(pause, 'now');
  await world.hire();
  await inState(run, 'paused');
  await sleep(300);
  expect(world.openai.matching('before')).toHaveLength(0);
  await run.signal(resume);
  expect((await run.result()).answer).toBe(defaultAnswer('before'));
});

test('a resume 50 ms after a pause "now" waits for the abort and takes the step again', async () => {
  const run = await startSlow('hurry');
  await run.signal(pause, 'now');
  await sleep(50);
  await run.signal(resume);
  expect(await endOf(run)).toBe('completed');
  expect(world.openai.matching('hurry')).toHaveLength(2);
});

test('a pause "now" while the model is failing is an abort, not a failure of the run', async () => {
  world.openai.script({ match: 'fails then', ...slow, fault: 'failed', afterTokens: 8 });
  const run = await world.start('simple', question('fails then'));
  await speaking('fails then', 6);
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  await run.signal(resume);
  expect(await endOf(run)).toBe('completed');
});

test('a pause "now" during a back-off ends the back-off; the step is taken again on resume', async () => {
  world.openai.script({ match: 'backs off', fault: { status: 429, retryAfter: '60' } });
  const run = await world.start('simple', question('backs off'));
  await world.openai.until(() => world.openai.matching('backs off').length === 1);
  await sleep(300);
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  await sleep(300);
  expect(world.openai.matching('backs off')).toHaveLength(1);
  await run.signal(resume);
  expect(await endOf(run)).toBe('completed');
  expect(world.openai.matching('backs off')).toHaveLength(2);
});

test('a cancel closes the connection at once, makes no call after it, and the run ends cancelled', async () => {
  const run = await startSlow('stops');
  const asked = Date.now();
  await run.cancel();
  expect(await endOf(run)).toBe('cancelled');
  const [call] = world.openai.matching('stops');
  expect(call?.outcome).toBe('aborted');
  expect(call!.closed_at! - asked).toBeLessThan(soonMs);
  await sleep(300);
  expect(world.openai.matching('stops')).toHaveLength(1);
});

test('a cancel that no worker hears makes no call either, when the step is still in the queue as the next worker comes', async () => {
  const busy = await openWorld({ slots: 1 });
  try {
    busy.openai.script({ match: 'holds the slot', ...slow });
    const first = await busy.start('simple', question('holds the slot'));
    await busy.openai.until(() => busy.openai.matching('holds the slot').length > 0);
    const run = await busy.start('simple', question('still in the queue'));
    while (((await run.describe()).raw.pendingActivities ?? []).length === 0) await sleep(20);
    await first.terminate();
    await busy.dismiss();
    await run.cancel();
    await busy.hire();
    expect(await endOf(run)).toBe('cancelled');
    expect(busy.openai.matching('still in the queue')).toHaveLength(0);
  } finally {
    await busy.close();
  }
});

test('a cancelled step leaves its partial text in history', async () => {
  const run = await startSlow('leaves');
  await run.cancel();
  await endOf(run);
  const { events } = await run.fetchHistory();
  const details = events?.find((event) => event.activityTaskCanceledEventAttributes)
    ?.activityTaskCanceledEventAttributes?.details?.payloads?.[0]?.data;
  expect(JSON.parse(Buffer.from(details!).toString())).toMatchObject({ kind: 'partial', spent: { estimated: true } });
});

test('a cancel while the model is failing ends the run cancelled', async () => {
  world.openai.script({ match: 'both', ...slow, fault: 'failed', afterTokens: 8 });
  const run = await world.start('simple', question('both'));
  await speaking('both', 6);
  await run.cancel();
  expect(await endOf(run)).toBe('cancelled');
});

test('a cancel of a paused run ends it at once', async () => {
  const run = await startSlow('paused then cancelled');
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  await run.cancel();
  expect(await endOf(run)).toBe('cancelled');
  expect(world.openai.matching('paused then cancelled')).toHaveLength(1);
});

test('a run that waits for a person shows what for, takes one answer and refuses the second', async () => {
  const run = await world.start('asks', { topic: 'waits' });
  await inState(run, 'waiting');
  const { memo } = await run.describe();
  expect(memo).toMatchObject({
    waiting_for: [{ waiting_id: 'tone-1', kind: 'question', question: 'Which tone for waits?' }],
  });
  const answered = { waiting_id: 'tone-1', value: 'mild' };
  await run.executeUpdate('answer', { args: [answered] });
  await expect(run.executeUpdate('answer', { args: [answered] })).rejects.toMatchObject({
    cause: { type: 'NotWaiting' },
  });
  await speaking('waits in tone mild', 1);
  await inState(run, 'waiting');
  await run.signal(answerSignal, { waiting_id: 'verdict-2', value: true });
  expect(await run.result()).toMatchObject({ verdict: true });
});

test('signals that make no sense do not harm a run', async () => {
  const run = await world.start('asks', { topic: 'nonsense' });
  await inState(run, 'waiting');
  await run.signal('answer', 'not an answer');
  await run.signal('answer');
  await run.signal('spent', 17);
  await run.signal('resume', { action: 'unheard of' });
  await run.signal('nobody knows this', 1, 2, 3);
  await run.signal('pause', ['what']);
  await inState(run, 'paused');
  await run.signal(answerSignal, { waiting_id: 'tone-1', value: null });
  await run.signal(resume);
  await inState(run, 'waiting');
  await run.signal(answerSignal, { waiting_id: 'verdict-2', value: 'fine' });
  expect(await run.result()).toMatchObject({ verdict: 'fine' });
});

test('a run begun with input that does not fit fails once, naming the field', async () => {
  const run = await world.start('six', { subject: 'wrong key' });
  await expect(run.result()).rejects.toMatchObject({
    cause: { type: 'InvalidInput', message: expect.stringContaining('topic') },
  });
});
