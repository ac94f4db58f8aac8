// Every fault of a provider gives its class, the right number of requests, a text that helps, and its cost to the run.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { nothing } from '../activities/spent.ts';
import { startAttemptWorker, type AttemptWorker } from './attempt-worker.ts';
import { defaultAnswer, startOpenAI, type FakeOpenAI, type Fault } from './openai.ts';
import { oneOf } from './sample.ts';
import { oneStep } from './workflows/one-step.ts';

const key = 'sk-test-very-secret-key';
/** Short, but longer than a busy machine pauses. */
const limits = { firstEventMs: 1500, thinkMs: 1500, idleMs: 1500 };

describe.each(oneOf(['responses', 'chat'] as const))('over %s', (protocol) => {
  let openai: FakeOpenAI;
  let worker: AttemptWorker;
  const taskQueue = `faults-${protocol}`;

  beforeAll(async () => {
    openai = await startOpenAI();
    const model = { baseURL: openai.url, apiKey: key, protocol, model: 'gpt-4o-mini', limits };
    worker = await startAttemptWorker({ address: inject('temporalAddress'), taskQueue, model });
  });
  afterAll(async () => {
    await worker.stop();
    await openai.close();
  });

  const run = (prompt: string) =>
    worker.client.workflow.execute(oneStep, {
      taskQueue,
      workflowId: randomUUID(),
      args: [{ messages: [{ role: 'user', content: prompt }] }],
    });

  const final: [string, Fault, string, RegExp][] = [
    [
      'a 400',
      { status: 400, message: 'Bad temperature' },
      'ModelRejected',
      /HTTP 400.*Bad temperature.*change the input/,
    ],
    ['a 401', { status: 401, message: `Incorrect key ${key}` }, 'ModelUnauthorized', /HTTP 401.*OPENAI_API_KEY/],
    ['a 403', { status: 403 }, 'ModelUnauthorized', /HTTP 403.*API key may not/],
    ['a 404', { status: 404 }, 'ModelNotFound', /HTTP 404.*OPENAI_BASE_URL/],
    ['a 422', { status: 422 }, 'ModelRejected', /HTTP 422/],
  ];
  test.concurrent.each(final)('%s fails the step after one request', async (name, fault, type, says) => {
    const prompt = `Otters and ${name}`;
    openai.script({ match: prompt, fault, times: Infinity });
    const { failure, spent } = await run(prompt);
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure?.message).toMatch(says);
    expect(failure?.message).not.toContain('Tried');
    expect(openai.matching(prompt)).toHaveLength(1);
    expect(spent).toEqual([]);
  });

  /** Nothing was begun: nothing was spent. */
  const free: [string, Fault, string, RegExp][] = [
    ['a 408', { status: 408 }, 'ModelUnavailable', /HTTP 408/],
    ['a 409', { status: 409 }, 'ModelUnavailable', /HTTP 409/],
    ['a 429', { status: 429 }, 'ModelRateLimited', /HTTP 429.*run less at once/],
    ['a 500', { status: 500 }, 'ModelUnavailable', /HTTP 500.*status page/],
    ['a 503', { status: 503 }, 'ModelUnavailable', /HTTP 503/],
    ['a page of HTML with 200', 'html', 'ModelAnswerUnreadable', /text\/html.*OPENAI_BASE_URL/],
    ['a hang before the headers', 'hang', 'ModelStalled', /no answer came/],
  ];
  /** The answer had begun. The number: how many of its tokens had been said. */
  const costly: [string, Fault, string, RegExp, number][] = [
    ['cut JSON', 'cut-json', 'ModelAnswerUnreadable', /garbled/, 3],
    ['a reset connection', 'reset', 'ModelUnavailable', /connection.*failed/, 3],
    ['a stalled stream', 'stall', 'ModelStalled', /text did not go on/, 3],
    ['a failed response', 'failed', 'ModelFailed', /began to answer and then failed \(server_error\)/, 3],
    ['an error event', 'error', 'ModelFailed', /server_error/, 3],
    ['a stream without terminal event', 'no-end', 'ModelAnswerUnreadable', /before its terminal event/, 8],
  ];

  test.concurrent.each([
    ...free,
    ...costly.map(([name, fault, type, says]): (typeof free)[number] => [name, fault, type, says]),
  ])('%s is tried 4 times and then fails the step', async (name, fault, type, says) => {
    const prompt = `Seals and ${name}`;
    openai.script({ match: prompt, fault, times: Infinity });
    const { failure } = await run(prompt);
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure?.message).toMatch(says);
    expect(failure?.message).toContain('(Tried 4 times.)');
    expect(openai.matching(prompt)).toHaveLength(4);
  });

  test.concurrent.each(free)('%s costs nothing, and once is followed by the answer', async (name, fault) => {
    const prompt = `Dolphins and ${name}`;
    openai.script({ match: prompt, fault });
    const { reply, spent } = await run(prompt);
    expect(reply).toMatchObject({ text: defaultAnswer(prompt), finish: 'complete', wasted: nothing });
    expect(openai.matching(prompt)).toHaveLength(2);
    expect(spent).toEqual([]);
  });

  test.concurrent.each(costly)('%s once is followed by the answer, which knows the waste', async (name, fault) => {
    const prompt = `Whales and ${name}`;
    openai.script({ match: prompt, fault });
    const { reply, spent } = await run(prompt);
    expect(reply).toMatchObject({ text: defaultAnswer(prompt), finish: 'complete', usage: { estimated: false } });
    expect(openai.matching(prompt)).toHaveLength(2);
    expect(spent).toHaveLength(1);
    expect(reply?.wasted).toEqual(spent[0]?.spent);
  });

  test.concurrent.each(costly)(
    '%s tells the run after each attempt what all have cost',
    async (name, fault, type, _, tokens) => {
      const prompt = `Penguins and ${name}`;
      openai.script({ match: prompt, fault, times: Infinity });
      const { spent } = await run(prompt);
      expect(spent.map(({ attempt, error }) => ({ attempt, error }))).toEqual(
        [1, 2, 3, 4].map((attempt) => ({ attempt, error: type })),
      );
      expect(openai.matching(prompt).map((call) => call.tokens)).toEqual(Array(4).fill(tokens));
      const chars = defaultAnswer(prompt, tokens).length;
      const once = { input_tokens: Math.ceil(prompt.length / 4), output_tokens: Math.ceil(chars / 4) };
      for (const [n, report] of spent.entries()) {
        expect(report.spent).toMatchObject({
          estimated: true,
          input_tokens: once.input_tokens * (n + 1),
          output_tokens: once.output_tokens * (n + 1),
        });
      }
      expect(spent[3]?.spent.cost_usd).toBeCloseTo(
        (4 * (once.input_tokens * 0.15 + once.output_tokens * 0.6)) / 1e6,
        12,
      );
    },
  );

  test.concurrent.each([
    ['hang', 0],
    ['stall', 3],
  ] as const)('after a %s the connection is closed, not left open', async (fault, tokens) => {
    const prompt = `Turtles that ${fault}`;
    openai.script({ match: prompt, fault });
    await run(prompt);
    const [call] = openai.matching(prompt);
    expect(call).toMatchObject({ outcome: 'aborted', tokens });
    expect((call?.closed_at ?? Infinity) - (call?.at ?? 0)).toBeLessThan(2500);
  });

  test('neither key nor prompt stands in any failure, though the provider quotes both', async () => {
    const prompt = 'The merger with Blue Whale Incorporated is planned for May';
    for (const message of [`Your prompt "${prompt}" is bad`, `Wrong key: ${key}`, 'x'.repeat(400)]) {
      openai.script({ match: prompt, fault: { status: 400, message } });
      const { failure } = await run(prompt);
      expect(failure?.message).toMatch(/HTTP 400/);
      expect(failure?.message).not.toMatch(/Blue Whale|secret|xxxx/);
    }
  });

  test.concurrent.each([
    ['retry-after-ms', { status: 429, retryAfterMs: 700 }, 700],
    ['retry-after in seconds', { status: 503, retryAfter: '1' }, 1000],
    ['no header: exponential', { status: 500 }, 187],
  ] as const)('the second request comes after %s', async (name, fault, atLeast) => {
    const prompt = `Waiting by ${name}`;
    openai.script({ match: prompt, fault });
    await run(prompt);
    const [first, second] = openai.matching(prompt);
    const waited = (second?.at ?? 0) - (first?.ended_at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(atLeast);
    expect(waited).toBeLessThan(atLeast + 1500);
  });
});
