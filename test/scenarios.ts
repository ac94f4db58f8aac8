// Runs that show what the runtime does: each leaves a history in which one of its ways is recorded.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import {
  answer,
  answerSignal,
  attributes,
  limits,
  message,
  pause,
  restore,
  resume,
  type RunState,
} from '../workflows/runtime/messages.ts';
import { createFunctionStore } from '../activities/functions/store.ts';
import type { Opening } from '../activities/journal/batch.ts';
import { fork } from './forks.ts';
import { functionsIn, type World } from './world.ts';

/** A tool server, from the repository's root: where that is stands in no history. MCP_COMMANDS of a world must have it. */
export const toolProgram = 'node test/mcp-server.ts';

const question = (content: string) => ({ messages: [{ role: 'user', content }] });

export async function inState(run: WorkflowHandle, wanted: RunState, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  for (;;) {
    const { typedSearchAttributes, status } = await run.describe();
    const now = typedSearchAttributes.get(attributes.RunState);
    if (now === wanted) return;
    if (Date.now() > end) throw new Error(`The run is ${status.name}, ${now}, not ${wanted}, after ${ms} ms.`);
    await sleep(20);
  }
}

async function interrupted(world: World, about: string, after: 'continue' | 'regenerate' | 'cancel') {
  world.openai.script({ match: about, tokens: 400, tokenMs: 30 });
  const run = await world.start('simple', question(about));
  await world.openai.until(() => world.openai.matching(about).some((call) => call.tokens > 3));
  if (after === 'cancel') {
    await run.cancel();
    return run;
  }
  await run.signal(pause, 'now');
  await inState(run, 'paused');
  await run.signal(resume, after);
  return run;
}

/** Of a run: the event that completed its `nth` step, as a checkpoint. */
async function checkpointOf(run: WorkflowHandle, nth: number): Promise<{ timeline: string; event: number }> {
  const { runId: timeline } = await run.describe();
  const { events } = await run.fetchHistory();
  const done = (events ?? []).filter((event) => event.activityTaskCompletedEventAttributes);
  return { timeline, event: Number(done[nth - 1]?.eventId) };
}

async function forked(world: World, kind: Opening['kind']): Promise<WorkflowHandle> {
  const args = [{ topic: kind }];
  const run = await world.start('six', args[0]);
  await run.result();
  const { timeline, event } = await checkpointOf(run, 3);
  return fork(world, { type: 'six', args, source: { run: run.workflowId, timeline }, event, kind });
}

async function restored(world: World): Promise<WorkflowHandle> {
  world.openai.script({ match: 'back part 4', tokens: 400, tokenMs: 30 });
  const run = await world.start('six', { topic: 'back' });
  await world.openai.until(() => world.openai.matching('back part 4').some((call) => call.tokens > 3));
  const checkpoint = await checkpointOf(run, 2);
  await run.signal(restore, {
    kind: 'restore',
    source: { run: run.workflowId, timeline: checkpoint.timeline },
    checkpoint,
  });
  for (let tries = 0; tries < 250 && (await run.describe()).runId === checkpoint.timeline; tries++) await sleep(20);
  // Without the first timeline's id: the newest.
  return world.client.workflow.getHandle(run.workflowId);
}

/** By Temporal itself, when it has ended. */
async function reset(world: World): Promise<WorkflowHandle> {
  const run = await world.start('six', { topic: 'reset' });
  await run.result();
  const { events } = await run.fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  await world.client.workflowService.resetWorkflowExecution({
    namespace: world.client.options.namespace,
    workflowExecution: { workflowId: run.workflowId, runId: (await run.describe()).runId },
    reason: 'a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: tasks[2]?.eventId,
  });
  // Without the first timeline's id: the newest.
  return world.client.workflow.getHandle(run.workflowId);
}

/** 600 tokens, which a run of ours is told in its memo. */
const limitedRun = (world: World, type: string, input: object): Promise<WorkflowHandle> =>
  world.client.workflow.start(type, {
    taskQueue: world.taskQueue,
    workflowId: randomUUID(),
    args: [input],
    memo: { limits: { max_tokens: 600, on_breach: 'pause' } },
  });

/** Of the model, and kept. */
const program = (code: string) => ({
  user_inputs: { n: { type: 'integer', description: '' } },
  packages_used: [],
  code,
});
const kept = '00000000-0000-4000-8000-00000000000';

/** Calls a function that is kept; the world's sandbox is a stub. */
async function called(world: World, number: number, code: string, inputs: object): Promise<WorkflowHandle> {
  const task_id = `${kept}${number}`;
  const task = {
    task_id,
    task_name: 'n',
    task_type: 'input',
    desired_action: 'n',
    created_at: '2026-01-01T00:00:00.000Z',
  } as const;
  await createFunctionStore(functionsIn(world.data)).write({ ...task, ...program(code), example: null });
  return world.start('run_function', { task_id, inputs });
}

/** Calls three tools in one turn, of which one needs an approval, and then asks a person. */
function agentAsked(world: World, about: string) {
  const email = { name: 'send_email', arguments: { to: 'a@example.com', subject: 's', body: 'b' } };
  const sums = ['1 + 1', '2 + 2'].map((expression) => ({ name: 'calculate', arguments: { expression } }));
  world.openai.script({ match: about, calls: [...sums, email] });
  world.openai.script({ match: about, calls: [{ name: 'ask_person', arguments: { question: 'Well?' } }] });
  const tools = ['calculate', 'send_email', 'ask_person'];
  return { agent: { name: 'caller', system_prompt: 'You call.', tools }, ...question(about) };
}

/** By name, as its recorded history is called. */
export const scenarios: Record<string, (world: World) => Promise<WorkflowHandle>> = {
  simple: (world) => world.start('simple', question('What is a fork?')),
  'simple-fails': (world) => {
    world.openai.script({ match: 'refuse this', fault: { status: 400 } });
    return world.start('simple', question('refuse this'));
  },
  'simple-retried': (world) => {
    world.openai.script({ match: 'cut this', fault: 'no-end' });
    return world.start('simple', question('cut this'));
  },
  'simple-paused-continued': (world) => interrupted(world, 'pause, continue', 'continue'),
  'simple-paused-regenerated': (world) => interrupted(world, 'pause, regenerate', 'regenerate'),
  'simple-cancelled': (world) => interrupted(world, 'pause, cancel', 'cancel'),
  'rag-refused': (world) => world.start('rag', { ...question('What is it?'), url: 'http://127.0.0.1:1/' }),
  poem_flow: (world) => world.start('poem_flow', { sentence_count: 3 }),
  create_function: (world) => {
    const { code, ...rest } = program('def main_function(n): ...');
    const answer = { task_name: 'n', ...rest, python_function: code, example: { inputs: { n: 1 } } };
    world.openai.script({ match: 'one row', text: 'No.', times: 2 });
    world.openai.script({ match: 'one row', text: JSON.stringify(answer) });
    return world.start('create_function', { desired_action: 'one row', task_type: 'input' });
  },
  run_function: (world) => called(world, 1, 'def main_function(n): ...', { n: 1 }),
  'run_function-fails': (world) => called(world, 2, 'def main_function(n): raise', { n: 1 }),
  six: async (world) => {
    world.openai.script({ match: 'parts part 2', tokens: 20, tokenMs: 20 });
    const run = await world.start('six', { topic: 'parts' });
    await world.openai.until(() => world.openai.matching('parts part 2').some((call) => call.tokens > 1));
    await run.signal(pause, 'drain');
    await inState(run, 'paused');
    await run.signal(resume);
    return run;
  },
  asks: async (world) => {
    const run = await world.start('asks', { topic: 'history' });
    await inState(run, 'waiting');
    await run.executeUpdate(answer, { args: [{ waiting_id: 'tone-1', value: 'mild' }] });
    await world.openai.until(() => world.openai.matching('history in tone mild').length > 0);
    await inState(run, 'waiting');
    await run.signal(answerSignal, { waiting_id: 'verdict-2', value: true });
    return run;
  },
  talks: (world) => world.start('talks', { topic: 'chat', turns: 4, chars: 40 }),
  limited: async (world) => {
    const usage = { input_tokens: 250, output_tokens: 50 };
    world.openai.script({ match: 'limited call', times: Infinity, usage });
    const run = await limitedRun(world, 'loops', { topic: 'limited', most: 5 });
    await inState(run, 'waiting');
    await run.executeUpdate(answer, { args: [{ waiting_id: 'budget-1', value: { max_tokens: 900 } }] });
    await inState(run, 'waiting');
    await run.signal(limits, { max_tokens: null });
    return run;
  },
  family: async (world) => {
    const usage = { input_tokens: 250, output_tokens: 50 };
    world.openai.script({ match: 'family', times: Infinity, usage });
    const run = await limitedRun(world, 'hasSpenders', { topic: 'family', children: 1, each: 3, after: 1 });
    await inState(run, 'waiting');
    await run.signal(pause);
    await inState(run, 'paused');
    await run.signal(resume);
    await run.signal(limits, { max_tokens: 5000 });
    return run;
  },
  'six-forked': (world) => forked(world, 'fork'),
  'six-continued': (world) => forked(world, 'continue'),
  'six-restored': restored,
  'six-reset': reset,
  agent: async (world) => {
    const run = await world.start('agent', agentAsked(world, 'Call them'));
    await inState(run, 'waiting');
    await run.executeUpdate(answer, { args: [{ waiting_id: 'send_email-1', value: { decision: 'approve' } }] });
    await world.openai.until(() => world.openai.matching('Call them').length > 1);
    await inState(run, 'waiting');
    await run.signal(answerSignal, { waiting_id: 'ask_person-2', value: 'yes' });
    return run;
  },
  'agent-late': async (world) => {
    const agent = agentAsked(world, 'Nobody is there');
    const run = await world.start('agent', {
      ...agent,
      agent: { ...agent.agent, config: { approval_timeout_s: 0.3 } },
    });
    await world.openai.until(() => world.openai.matching('Nobody is there').length > 1);
    await inState(run, 'waiting');
    await run.signal(answerSignal, { waiting_id: 'ask_person-2', value: 'no' });
    return run;
  },
  'agent-interrupted': async (world) => {
    world.openai.script({ match: 'interrupt me', tokens: 400, tokenMs: 30 });
    const run = await world.start('agent', { agent: { name: 'talker' }, ...question('interrupt me') });
    await world.openai.until(() => world.openai.matching('interrupt me').some((call) => call.tokens > 3));
    await run.signal(message, { text: 'stop', policy: 'interrupt' });
    return run;
  },
  'agent-corrected': (world) => {
    world.openai.script({ match: 'in JSON', text: 'No.' });
    world.openai.script({ match: 'in JSON', text: '{"n": 1}' });
    const output_schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    return world.start('agent', { agent: { name: 'counter', output_schema }, ...question('in JSON') });
  },
  'agent-agents': (world) => {
    const agents = [{ name: 'reader', description: 'Reads.' }];
    world.openai.script({ match: 'ask your own', calls: [{ name: 'agent_reader', arguments: { message: 'Read.' } }] });
    return world.start('agent', { agent: { name: 'asker', agents }, ...question('ask your own') });
  },
  'agent-refused': (world) => {
    const mcp_servers = [{ name: 'local', kind: 'stdio', command: '/bin/none' }];
    return world.start('agent', { agent: { name: 'caller', mcp_servers }, ...question('refuse its server') });
  },
  'agent-last-word': async (world) => {
    const call = { name: 'calculate', arguments: { expression: '6*7' } };
    world.openai.script({ match: 'one turn alone', text: 'Let me see. '.repeat(20), tokenMs: 20, calls: [call] });
    const agent = { name: 'caller', tools: ['calculate'], config: { max_steps: 1 } };
    const run = await world.start('agent', { agent, ...question('one turn alone') });
    await world.openai.until(() => world.openai.matching('one turn alone').some(({ tokens }) => tokens > 3));
    await run.signal(message, { text: 'not for you', policy: 'reject' });
    await run.signal(message, { text: 'one word more' });
    return run;
  },
  'agent-mcp': (world) => {
    const [command, ...args] = toolProgram.split(' ');
    const mcp_servers = [{ name: 'local', kind: 'stdio', command, args }];
    world.openai.script({ match: 'double it', calls: [{ name: 'local__double', arguments: { n: 21 } }] });
    return world.start('agent', { agent: { name: 'doubler', mcp_servers }, ...question('double it') });
  },
  research_company: (world) => {
    const report = { name: 'report_activity', arguments: { message: 'Reading', percentage: 50 } };
    world.openai.script({ match: 'Research Lamps', calls: [report], times: 2 });
    return world.start('research_company', { company: 'Lamps', max_turns: 2 });
  },
  company_report: (world) => {
    const list = { strengths: [], weaknesses: [], opportunities: [] };
    const report = { company_name: 'Lamps', executive_summary: 's', ...list, recommendation: 'r' };
    world.openai.script({ match: 'Company: Lamps', text: JSON.stringify(report) });
    return world.start('company_report', { company: 'Lamps' });
  },
  'input-refused': (world) => world.start('six', { subject: 'wrong key' }),
};
