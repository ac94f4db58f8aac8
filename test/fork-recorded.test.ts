// Every event of every recorded history can be forked with the code of today: those are what open runs have.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HistoryEvent } from '../activities/journal/history.ts';
import { createConversations } from '../activities/model/conversation.ts';
import type { ModelReply, ModelRequest } from '../activities/model/model.ts';
import { blobs } from '../temporal/converter.ts';
import { completedBy, fork, historyOf, idOf } from './forks.ts';
import { fewAtOnce, sampleOf } from './sample.ts';
import { toolProgram } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
const recorded = new Map(names.map((name) => [name, read(name)]));

function read(name: string): HistoryEvent[] {
  return historyFromJSON(JSON.parse(readFileSync(folder + name, 'utf8'))).events ?? [];
}

let world: World;
beforeAll(async () => {
  world = await openWorld({ recorded: (run) => recorded.get(run), mcp: { commands: [toolProgram] } });
  for (const events of recorded.values()) await keepTalk(events);
});
afterAll(() => world.close());

const jsonIn = (data?: Uint8Array | null): unknown => data && JSON.parse(new TextDecoder().decode(data));

/** What was said is kept outside of histories: it is written anew from what the model was asked and answered. */
async function keepTalk(events: HistoryEvent[]): Promise<void> {
  const conversations = createConversations(blobs(world.data));
  const asked = new Map<number, Pick<ModelRequest, 'before' | 'messages'>>();
  for (const event of events) {
    const input = jsonIn(event.activityTaskScheduledEventAttributes?.input?.payloads?.[0]?.data);
    if (isRequest(input)) asked.set(idOf(event), input);
    const done = event.activityTaskCompletedEventAttributes;
    const reply = jsonIn(done?.result?.payloads?.[0]?.data);
    const request = asked.get(Number(done?.scheduledEventId));
    if (!request || !isKept(reply)) continue;
    const { text: content, tool_calls } = reply;
    const said = { role: 'assistant', content, ...(tool_calls.length > 0 && { tool_calls }) } as const;
    expect(await conversations.append(request.before, [...request.messages, said])).toBe(reply.reference);
  }
}

const isRequest = (value: unknown): value is ModelRequest =>
  typeof value === 'object' && value !== null && 'messages' in value && 'keep' in value;
const isKept = (value: unknown): value is ModelReply =>
  typeof value === 'object' && value !== null && 'reference' in value;

/** What reached the source after the event, in its order. */
async function resend(run: WorkflowHandle, events: HistoryEvent[], after: number): Promise<void> {
  for (const event of events.filter((each) => idOf(each) > after)) {
    const signal = event.workflowExecutionSignaledEventAttributes;
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (!signal && !update) continue;
    await sleep(60);
    const payloads = signal?.input?.payloads ?? update?.args?.payloads ?? [];
    const args = payloads.map(({ data }) => jsonIn(data));
    const name = signal?.signalName ?? update?.name ?? '';
    const send = () => run.signal(name, ...args).catch(() => {});
    // An answer that nobody waits for yet would be dropped. One that the fork was served nobody will wait for: others go on.
    if (name === 'answer') void waits(run, args[0]).then(send, () => {});
    else await send();
  }
}

/** Until the run waits for that answer, or has ended: on another way than its source's nobody may ask. */
async function waits(run: WorkflowHandle, answer: unknown): Promise<void> {
  for (;;) {
    const { memo, status } = await run.describe();
    const waiting: unknown = memo?.['waiting_for'];
    const ids = Array.isArray(waiting) ? waiting.map((each: object) => 'waiting_id' in each && each.waiting_id) : [];
    const isAnswer = typeof answer === 'object' && answer !== null && 'waiting_id' in answer;
    if (status.name !== 'RUNNING' || !isAnswer || ids.includes(answer.waiting_id)) return;
    await sleep(50);
  }
}

const modelSteps = (events: HistoryEvent[]): HistoryEvent[] =>
  events.filter((each) => each.activityTaskScheduledEventAttributes?.activityType?.name === 'callModel');

/** What is wrong with a fork at this event; undefined when nothing is. */
async function forkAt(name: string, events: HistoryEvent[], event: number): Promise<string | undefined> {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  const args = (started?.input?.payloads ?? []).map(({ data }) => jsonIn(data));
  const type = started?.workflowType?.name ?? '';
  const source = { run: name, timeline: started?.originalExecutionRunId ?? '' };
  const limits = jsonIn(started?.memo?.fields?.['limits']?.data);
  const run = await fork(world, { type, args, source, event, ...(limits ? { memo: { limits } } : {}) });
  void resend(run, events, event).catch(() => {});
  const ended = run.result().then(
    () => 'ended',
    () => 'ended',
  );
  const how = await Promise.race([ended, sleep(60_000).then(() => 'hangs')]);
  const left = modelSteps(events).length - completedBy(events, event).length;
  await run.terminate().catch(() => {});
  const calls = modelSteps(await historyOf(world, run.workflowId)).length;
  if (how === 'hangs') return `${event}: hangs`;
  // What children call stands in their own histories.
  if (events.some((each) => each.startChildWorkflowExecutionInitiatedEventAttributes)) return undefined;
  return calls > Math.max(left, 0) + 1 ? `${event}: ${calls} calls for ${left} steps left` : undefined;
}

test.each(names)(
  '%s',
  async (name) => {
    const events = recorded.get(name) ?? [];
    const at = sampleOf(events.map(idOf), 3);
    const began = Date.now();
    const faults = await fewAtOnce(at, (event) => forkAt(name, events, event));
    console.log(`${name}: ${at.length} of ${events.length} events, ${Date.now() - began} ms`);
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  },
  600_000,
);
