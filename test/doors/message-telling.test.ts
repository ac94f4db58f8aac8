// The words of the chat over a page, event by event: what a run that is hard to bring about would tell.
import { expect, test } from 'vitest';
import { planOf } from '../../api/doors/message/plan.ts';
import { createProgress } from '../../api/doors/message/progress.ts';
import type { Done } from '../../api/doors/message/results.ts';
import { createTelling } from '../../api/doors/message/telling.ts';
import type { Frame, StreamEvent } from '../../api/events/event.ts';
import { outline } from './message-stage.ts';

const page: Done = { name: 'load_docs', result: { text: 'Otters.', title: 'The docs' } };
const thought: Done = { name: 'reason_docs', result: { text: 'Otters!' } };

let number = 0;
const frame = (event: StreamEvent): Frame => ({ id: `${number++}`, timestamp: '2026-11-21T00:00:00Z', ...event });
const begins = (name: string, round = 0) =>
  frame({ type: 'step_started', data: { step: name, name, round, activity: 'callModel' } });
const ends = ({ name, result }: Done) =>
  frame({ type: 'step_completed', data: { step: name, name, round: 0, step_num: 1, result } });
const fails = (type: string, message = '') =>
  frame({ type: 'run_failed', data: { run_id: 'r', error: { type, message } } });
const rewinds = (steps_kept: number) =>
  frame({ type: 'run_rewound', data: { run_id: 'r', steps_kept, reason: 'restored' } });

async function told(frames: Frame[], { before = 0, kept = [] as Done[] } = {}) {
  const plan = planOf('rag');
  if (!plan) throw new Error('rag has no plan.');
  const progress = createProgress('r', plan);
  const results = {
    of: async (completion: Extract<Frame, { type: 'step_completed' }>) => completion.data.result,
    kept: async (most: number) => kept.slice(0, most),
  };
  const tell = createTelling({ progress, results, rewinds: before });
  const events = [];
  for (const one of frames) events.push(...(await tell(one)));
  return events;
}
const asClients = async (...given: Parameters<typeof told>) =>
  outline(JSON.parse(JSON.stringify(await told(...given))));

test.each([
  ['timed_out', 'load_docs TIMED_OUT'],
  ['StepTooLong', 'load_docs TIMED_OUT'],
  ['PageTimedOut', 'load_docs TIMED_OUT'],
  ['PageUnreadable', 'load_docs FAILED'],
  ['terminated', 'load_docs FAILED'],
])('a run that ends with %s in its first step', async (type, last) => {
  expect(await asClients([begins('load_docs'), fails(type)])).toEqual([
    'start STARTED',
    'start COMPLETED',
    'load_docs STARTED',
    last,
  ]);
});

test('a failure without a message is told by its type', async () => {
  expect((await told([fails('Error')])).at(-1)).toMatchObject({ step: 'start', payload: { error: 'Error' } });
});

test('between two steps it is the next one that is cancelled', async () => {
  const cancelled = frame({ type: 'run_cancelled', data: { run_id: 'r', response: null } });
  expect((await asClients([begins('load_docs'), ends(page), cancelled])).at(-1)).toBe('reason_docs CANCELLED');
});

test('what is no step of the plan, tokens, pauses and waits say nothing', async () => {
  const silent: StreamEvent[] = [
    { type: 'step_started', data: { step: 'budget-1', name: 'budget', round: 0, activity: null } },
    { type: 'content_delta', data: { step: '2', content: 'Ott' } },
    { type: 'run_paused', data: { run_id: 'r' } },
    { type: 'run_waiting', data: { run_id: 'r', waiting_for: [] } },
    { type: 'step_aborted', data: { step: '2', name: 'reason_docs', round: 0 } },
    { type: 'run_resumed', data: { run_id: 'r' } },
  ];
  expect(await asClients([begins('load_docs'), ...silent.map(frame), begins('load_docs', 1)])).toHaveLength(3);
});

test('a restored run that ends before it is back where it was tells what it keeps, and its end', async () => {
  const frames = [begins('load_docs'), ends(page), begins('reason_docs'), fails('terminated')];
  expect(await asClients(frames, { before: 1, kept: [page] })).toEqual([
    'start STARTED',
    'start COMPLETED',
    'load_docs STARTED',
    'load_docs COMPLETED',
    'reason_docs FAILED',
  ]);
});

test('a step whose kept result somebody has edited is told again, others are not', async () => {
  const edited: Done = { name: 'reason_docs', result: { text: 'No otters.' } };
  const frames = [begins('load_docs'), ends(page), begins('reason_docs'), ends(thought), rewinds(2)];
  const events = await told(frames, { kept: [page, edited] });
  expect(events.slice(6)).toMatchObject([
    { type: 'STEP_RUN_EVENT_TYPE_STARTED', step: 'reason_docs' },
    { type: 'STEP_RUN_EVENT_TYPE_COMPLETED', payload: { research: 'No otters.' } },
  ]);
  expect(await asClients(frames, { kept: [page, thought] })).toHaveLength(6);
});

test('of a stored result that is lost there is what is known without it', async () => {
  const lost = (name: string) => ends({ name, result: undefined });
  const events = await told([lost('load_docs'), lost('reason_docs'), lost('generate_response')]);
  expect(events.map(({ payload }) => payload)).toEqual([
    { status: 'making sense of the docs' },
    { status: 'writing a response', research: null },
    { completed: 'true', status: 'idle', message: null },
  ]);
});
