// One attempt of a step: how it is aborted, lost with its worker, gone on with, and what it leaves.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ActivityOptions } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { GateHeader } from '../activities/attempt.ts';
import type { HubEvent } from '../activities/hub.ts';
import type { ModelConfig } from '../activities/model/config.ts';
import type { ModelRequest } from '../activities/model/model.ts';
import { startAttemptWorker, type AttemptWorker, type AttemptWorkerOptions } from './attempt-worker.ts';
import { defaultAnswer, startOpenAI, type FakeOpenAI } from './openai.ts';
import { oneOf } from './sample.ts';
import { oneStep, type Ending } from './workflows/one-step.ts';

let openai: FakeOpenAI;
beforeAll(async () => {
  openai = await startOpenAI();
});
afterAll(() => openai.close());
beforeEach(() => openai.reset());

const modelOf = (more: Partial<ModelConfig> = {}): ModelConfig => ({
  baseURL: openai.url,
  apiKey: 'sk-test',
  protocol: 'responses',
  model: 'gpt-4o-mini',
  limits: { firstEventMs: 3000, thinkMs: 3000, idleMs: 3000 },
  ...more,
});

const starter = (worker: Pick<AttemptWorker, 'client'>, taskQueue: string) => ({
  start: (request: ModelRequest | string, header?: GateHeader, steps?: string, more: ActivityOptions = {}) =>
    worker.client.workflow.start(oneStep, {
      taskQueue,
      workflowId: randomUUID(),
      args: [
        typeof request === 'string' ? { messages: [{ role: 'user', content: request }] } : request,
        header,
        { ...more, ...(steps !== undefined && { taskQueue: steps }) },
      ],
    }),
});

const first = () => {
  const [call] = openai.ledger;
  if (!call) throw new Error('Nothing was asked.');
  return call;
};

const partialOf = ({ left }: Ending) => {
  if (left?.kind !== 'partial') throw new Error(`No partial is left: ${JSON.stringify(left)}`);
  return left;
};

describe.each(oneOf(['responses', 'chat'] as const))('over %s', (protocol) => {
  let worker: AttemptWorker;
  let runs: ReturnType<typeof starter>;
  const taskQueue = `attempt-${protocol}`;
  beforeAll(async () => {
    const model = modelOf({ protocol });
    worker = await startAttemptWorker({ address: inject('temporalAddress'), taskQueue, model });
    runs = starter(worker, taskQueue);
  });
  afterAll(() => worker.stop());

  test('an answer that takes longer than a step may is a fault: four times asked, each cost told, then the step fails', async () => {
    openai.script({ times: Infinity, tokens: 4000, tokenMs: 20 });
    const run = await runs.start('Never comes to an end', undefined, undefined, { startToCloseTimeout: '2s' });
    const { failure, spent } = await run.result();
    expect(failure).toMatchObject({ type: 'StepTooLong', nonRetryable: true });
    expect(openai.ledger.map(({ outcome }) => outcome)).toEqual(Array(4).fill('aborted'));
    expect(spent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
  });

  test('an abort closes the connection within 1 s and leaves the text and its estimated cost', async () => {
    openai.script({ tokens: 400, tokenMs: 20 });
    const run = await runs.start('Tell me of the sea');
    await openai.until(() => (openai.ledger[0]?.tokens ?? 0) >= 10);
    const at = Date.now();
    await run.signal('abort');
    const ending = await run.result();
    const call = first();
    expect(call.outcome).toBe('aborted');
    expect((call.closed_at ?? Infinity) - at).toBeLessThan(1000);
    const { text, spent } = partialOf(ending);
    expect(spent).toMatchObject({ estimated: true, input_tokens: 5 });
    expect(defaultAnswer('Tell me of the sea', 400).startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(20);
    expect(spent.output_tokens).toBe(Math.ceil(text.length / 4));
    expect(openai.ledger).toHaveLength(1);
  });

  test('after a hint an abort does not wait for the next heartbeat', async () => {
    // Here the SDK sends a heartbeat every 2 s: 0.2 s after the start, and then at 2.2 s.
    const patient = `${taskQueue}-patient`;
    const model = modelOf({ protocol });
    const slow = await startAttemptWorker({
      address: inject('temporalAddress'),
      taskQueue: patient,
      model,
      throttle: '5s',
    });
    openai.script({ tokens: 400, tokenMs: 20 });
    const run = await starter(slow, patient).start('Tell me of the hills');
    await openai.until(() => openai.ledger.length > 0 && Date.now() - first().at > 400);
    const at = Date.now();
    await run.signal('abort');
    slow.hub.hintAbort(run.workflowId);
    const { left } = await run.result();
    expect((first().closed_at ?? Infinity) - at).toBeLessThan(1000);
    // The whole step has ended too.
    expect(Date.now() - at).toBeLessThan(1500);
    expect(left).toMatchObject({ kind: 'partial' });
    await slow.stop();
  });

  test('a hint alone aborts nothing', async () => {
    openai.script({ tokens: 60, tokenMs: 20 });
    const run = await runs.start('Tell me of the woods');
    await openai.until(() => (openai.ledger[0]?.tokens ?? 0) >= 5);
    worker.hub.hintAbort(run.workflowId);
    const { reply } = await run.result();
    expect(reply?.text).toBe(defaultAnswer('Tell me of the woods', 60));
  });

  test('an abort before the first event leaves nothing spent', async () => {
    openai.script({ fault: 'hang' });
    const run = await runs.start('Say nothing');
    await openai.until(() => openai.ledger.length === 1);
    await run.signal('abort');
    const { left } = await run.result();
    expect(left).toMatchObject({ text: '', spent: { input_tokens: 0, output_tokens: 0, cost_usd: 0 } });
    expect(first().outcome).toBe('aborted');
  });

  test('an aborted text is gone on with: the model sees it, the reply holds it, the stream goes on behind it', async () => {
    openai.script({ text: ' and it was good.' });
    const events: HubEvent[] = [];
    const workflowId = randomUUID();
    worker.hub.subscribe(workflowId, (event) => events.push(event));
    const { reply } = await worker.client.workflow.execute(oneStep, {
      taskQueue,
      workflowId,
      args: [
        { messages: [{ role: 'user', content: 'Tell a story' }] },
        { round: 1, resumed: { text: 'Once there was' } },
      ],
    });
    expect(first().asked?.said).toMatchObject([
      { role: 'user', text: 'Tell a story' },
      { role: 'assistant', text: 'Once there was' },
      { role: 'user', text: expect.stringMatching(/Go on exactly where it stopped/) },
    ]);
    expect(reply?.text).toBe('Once there was and it was good.');
    expect(events[0]).toMatchObject({ kind: 'opened', offset: 14, text: 'Once there was', round: 1, attempt: 1 });
    expect(events[1]).toMatchObject({ kind: 'delta', offset: 14, text: ' and' });
    expect(events.at(-1)).toMatchObject({ kind: 'closed' });
    expect(worker.hub.inFlight(workflowId)).toMatchObject([{ base: 14, text: reply?.text }]);
  });

  test('an aborted JSON is begun anew: half of one cannot be gone on with', async () => {
    openai.script({ text: '{"a":1}' });
    const schema = {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      additionalProperties: false,
    };
    const run = await runs.start(
      { messages: [{ role: 'user', content: 'As JSON' }], output: { name: 'numbers', schema } },
      { round: 1, resumed: { text: '{"a"' } },
    );
    const { reply } = await run.result();
    expect(reply?.text).toBe('{"a":1}');
    expect(first().asked?.said).toHaveLength(1);
    expect(first().asked?.schema).toEqual(schema);
    expect(JSON.stringify(first().body)).toContain('"strict":true');
  });

  test('tool calls are put together from the stream', async () => {
    openai.script({
      text: 'Let me see.',
      calls: [
        { name: 'look', arguments: { city: 'Oslo, in the north' } },
        { name: 'add', arguments: { a: 1 } },
      ],
    });
    const tools = ['look', 'add'].map((name) => ({
      name,
      description: name,
      parameters: { type: 'object', properties: {} },
    }));
    const { reply } = await (await runs.start({ messages: [{ role: 'user', content: 'Weather?' }], tools })).result();
    expect(first().asked?.tools.map(({ name }) => name)).toEqual(['look', 'add']);
    expect(reply).toMatchObject({
      text: 'Let me see.',
      finish: 'complete',
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"city":"Oslo, in the north"}' } },
        { id: 'call_2', type: 'function', function: { name: 'add', arguments: '{"a":1}' } },
      ],
    });
  });

  test('a cut answer is a finished one', async () => {
    openai.script({ fault: 'incomplete' });
    const { reply } = await (await runs.start('Too long')).result();
    expect(reply).toMatchObject({ finish: 'incomplete', text: defaultAnswer('Too long', 3) });
    expect(openai.ledger).toHaveLength(1);
  });

  test('tokens and price are the provider’s own, cached input at its price', async () => {
    openai.script({ usage: { input_tokens: 1_000_000, cached_tokens: 400_000, output_tokens: 100_000 } });
    const { reply } = await (await runs.start('Costs')).result();
    expect(reply?.usage).toEqual({ input_tokens: 1_000_000, output_tokens: 100_000, cost_usd: 0.18, estimated: false });
  });

  test('a model without a known price costs null, not 0', async () => {
    const { reply } = await (await runs.start({ model: 'llama', messages: [{ role: 'user', content: 'x' }] })).result();
    expect(reply?.usage.cost_usd).toBeNull();
    expect(reply?.model).toBe('llama');
  });

  test('a kept conversation comes back whole, tool messages included', async () => {
    openai.script({ calls: [{ name: 'look', arguments: {} }] });
    const one = await (await runs.start({ messages: [{ role: 'user', content: 'Look' }], keep: true })).result();
    const before = one.reply?.reference;
    const [tool_call_id = ''] = one.reply?.tool_calls.map(({ id }) => id) ?? [];
    const messages = [{ role: 'tool', content: 'A tree', tool_call_id } as const];
    const two = await (await runs.start({ before, messages, keep: true })).result();
    expect(openai.ledger[1]?.asked?.said).toEqual([
      { role: 'user', text: 'Look' },
      { role: 'assistant', text: protocol === 'chat' ? '' : 'look({})' },
      { role: 'tool', text: 'A tree' },
    ]);
    expect(two.reply?.reference).not.toBe(before);
  });

  test('an answer of 200,000 characters and a resumed text of 100,000 pass', async () => {
    const text = 'lorem ipsum '.repeat(16_667);
    openai.script({ text });
    const resumed = { text: 'x'.repeat(100_000) };
    const { reply } = await (await runs.start('Long', { round: 1, resumed })).result();
    expect(reply?.text).toBe(resumed.text + text);
  });
});

describe('a worker that ends', () => {
  let children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
  });

  const child = async (options: AttemptWorkerOptions): Promise<ChildProcess> => {
    const path = fileURLToPath(new URL('./attempt-worker-main.ts', import.meta.url));
    const worker = spawn(process.execPath, [path, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(worker);
    await once(worker.stdout, 'data');
    return worker;
  };

  /** Its workflows run here, so that only the step suffers. */
  let home: AttemptWorker | undefined;
  const optionsOf = (taskQueue: string): AttemptWorkerOptions => ({
    address: inject('temporalAddress'),
    taskQueue,
    model: modelOf(),
    stepsOnly: true,
    data: home?.data,
  });
  beforeAll(async () => {
    home = await startAttemptWorker({ ...optionsOf('attempt-home'), stepsOnly: false });
  });
  afterAll(() => home?.stop());
  const start = (prompt: string, steps: string) => {
    if (!home) throw new Error('Nobody is at home.');
    return starter(home, 'attempt-home').start(prompt, undefined, steps);
  };

  test('killed in a call: the next attempt knows what was spent, and it is no fault', async () => {
    const options = optionsOf('attempt-killed');
    const doomed = await child(options);
    openai.script({ tokens: 400, tokenMs: 10 });
    const run = await start('Kill me', options.taskQueue);
    await openai.until(() => (openai.ledger[0]?.tokens ?? 0) >= 130);
    doomed.kill('SIGKILL');
    // Three faults more, then the answer: were the kill counted, the step would fail.
    openai.script({ fault: { status: 500 }, times: 3 });
    await child(options);
    const { reply, spent } = await run.result();
    expect(reply?.text).toBe(defaultAnswer('Kill me'));
    expect(openai.ledger).toHaveLength(5);
    expect(reply?.wasted).toMatchObject({ estimated: true, input_tokens: 2 });
    // About 7 characters a token; the last heartbeat is at most a second older than the death.
    expect(reply?.wasted.output_tokens).toBeGreaterThan(50);
    expect(reply?.wasted.output_tokens).toBeLessThan(240);
    expect(spent).toEqual([]);
  });

  test('told to stop in a call: the attempt is lost without a fault, and its text is no partial', async () => {
    const options = optionsOf('attempt-stopped');
    const leaving = await startAttemptWorker(options);
    // Three faults before: were the stop one more, the step would fail.
    openai.script({ fault: { status: 500 }, times: 3 });
    openai.script({ tokens: 400, tokenMs: 10 });
    const run = await start('Leave me', options.taskQueue);
    await openai.until(() => (openai.ledger[3]?.tokens ?? 0) >= 50, 20_000);
    await leaving.stop();
    expect(openai.ledger[3]?.outcome).toBe('aborted');
    const next = await startAttemptWorker(options);
    const { reply, spent } = await run.result();
    expect(reply?.text).toBe(defaultAnswer('Leave me'));
    expect(reply?.wasted.output_tokens).toBeGreaterThan(50);
    expect(openai.ledger).toHaveLength(5);
    expect(spent).toEqual([]);
    await next.stop();
  });

  test('killed and aborted in the same moment: the run has the last record', async () => {
    const options = optionsOf('attempt-both');
    const doomed = await child(options);
    openai.script({ tokens: 400, tokenMs: 10 });
    const run = await start('Kill and abort me', options.taskQueue);
    await openai.until(() => (openai.ledger[0]?.tokens ?? 0) >= 130);
    doomed.kill('SIGKILL');
    await run.signal('abort');
    const { left } = await run.result();
    expect(left).toMatchObject({ kind: 'attempt', faults: 0, spent: { estimated: true } });
    expect(left?.spent.output_tokens).toBeGreaterThan(50);
    expect(openai.ledger).toHaveLength(1);
  });
});
