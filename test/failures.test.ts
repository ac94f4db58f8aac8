// The one place that decides whether a step is tried again, and when.
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { askedDelayMs, delayMs, Fault, judge } from '../activities/failures.ts';
import { PageFault } from '../activities/page/fault.ts';

const header = (headers: Record<string, string>) => (name: string) => headers[name] ?? null;
const now = Date.parse('2026-11-21T10:00:00Z');

describe('the wait that was asked for', () => {
  test.each([
    [{ 'retry-after': '2' }, 2000],
    [{ 'retry-after': ' 0.5 ' }, 500],
    [{ 'retry-after': 'Sat, 21 Nov 2026 10:00:07 GMT' }, 7000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '150' }, 150],
    [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
    [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{}, undefined],
  ])('%j is %s ms', (headers: Record<string, string>, ms) => {
    expect(askedDelayMs(header(headers), now)).toBe(ms);
  });
});

describe('the wait before the next try', () => {
  test('doubles from 250 ms up to 10 s, less a quarter at most', () => {
    expect([0, 1, 2, 5, 6, 50].map((faults) => delayMs(undefined, faults, () => 0))).toEqual([
      250, 500, 1000, 8000, 10_000, 10_000,
    ]);
    expect(delayMs(undefined, 0, () => 0.999)).toBe(188);
  });

  test('is what was asked for, at most 5 minutes and never nothing', () => {
    expect(delayMs(700, 3)).toBe(700);
    expect(delayMs(86_400_000, 0)).toBe(300_000);
    expect(delayMs(0, 0)).toBe(1);
  });
});

describe('a fault', () => {
  const passing = new Fault('ModelUnavailable', 'Down.', { retry_after_ms: 30 });

  test('that may pass is retried three times and counted, then final with the same type', () => {
    for (const faults of [0, 1, 2]) {
      const { failure, counts } = judge(passing, faults);
      expect(counts).toBe(true);
      expect(failure).toMatchObject({ type: 'ModelUnavailable', nonRetryable: false, nextRetryDelay: 30 });
    }
    expect(judge(passing, 3).failure).toMatchObject({
      type: 'ModelUnavailable',
      nonRetryable: true,
      message: 'Down. (Tried 4 times.)',
    });
  });

  test('that cannot pass is final at once', () => {
    const { failure, counts } = judge(new Fault('ModelRejected', 'No.'), 0);
    expect(counts).toBe(false);
    expect(failure).toMatchObject({ nonRetryable: true, message: 'No.' });
  });

  test('of our own surroundings is left to the step’s retry policy', () => {
    const full = Object.assign(new Error('ENOSPC: /secret/path'), { code: 'ENOSPC' });
    const { failure, counts } = judge(full, 3);
    expect(counts).toBe(false);
    expect(failure).toMatchObject({ type: 'StorageUnavailable', nonRetryable: false });
    expect(failure.nextRetryDelay).toBeUndefined();
    expect(failure.message).not.toContain('secret');
  });

  test('that nobody foresaw tells nothing internal', () => {
    const { failure } = judge(new TypeError('x is not a function at /home/secret'), 0);
    expect(failure).toMatchObject({ type: 'StepFailed', nonRetryable: false });
    expect(JSON.stringify([failure.message, failure.cause])).not.toContain('secret');
  });

  test('that is a failure already passes as it is', () => {
    const failure = ApplicationFailure.nonRetryable('Mine', 'Mine');
    expect(judge(failure, 0)).toEqual({ failure, counts: false });
  });

  test.each([
    [new PageFault('refused', 'x'), 'PageRefused', true],
    [new PageFault('too_large', 'x'), 'PageTooLarge', true],
    [new PageFault('not_html', 'x'), 'PageUnreadable', true],
    [new PageFault('timeout', 'x'), 'PageTimedOut', true],
    [new PageFault('status', 'x', { retryable: true, retryAfterMs: 40 }), 'PageUnavailable', false],
  ])('of a page: %o is %s', (fault, type, nonRetryable) => {
    expect(judge(fault, 0).failure).toMatchObject({ type, nonRetryable });
  });
});
