// The temporal CLI does what the API does, on every workflow of the catalogue and on one that waits for a person.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { state } from '../workflows/runtime/messages.ts';
import { inState } from './scenarios.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let page: Server;
let url: string;

beforeAll(async () => {
  page = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body><p>Forks are cheap.</p></body></html>');
  });
  await new Promise<void>((resolve) => void page.listen(0, '127.0.0.1', resolve));
  const address = page.address();
  if (address === null || typeof address === 'string') throw new Error('The page has no port.');
  url = `http://127.0.0.1:${address.port}`;
  world = await openWorld({ pages: { allow: [url] } });
});
afterAll(async () => {
  await world.close();
  page.close();
});
beforeEach(() => world.openai.reset());

async function temporal(...args: string[]): Promise<string> {
  const at = ['--address', inject('temporalAddress'), '--namespace', inject('temporalNamespace')];
  const { stdout } = await promisify(execFile)(inject('temporalBinary'), [...args, ...at]);
  return stdout;
}

const messages = [{ role: 'user', content: 'What are forks?' }];
const inputs: [string, unknown][] = [
  ['simple', { messages }],
  ['rag', { messages, url: '' }],
  ['poem_flow', { sentence_count: 2 }],
];

/** A run begun by the CLI alone: nothing that the API would have set is there. */
async function begin(type: string, input: unknown): Promise<string> {
  world.openai.script({ tokens: 400, tokenMs: 30 });
  const id = `cli-${randomUUID()}`;
  const given = type === 'rag' ? { messages, url } : input;
  const what = ['--type', type, '--task-queue', world.taskQueue, '--workflow-id', id];
  await temporal('workflow', 'start', ...what, '--input', JSON.stringify(given));
  await world.openai.until(() => world.openai.ledger.some((call) => call.tokens > 2));
  return id;
}

test.each(inputs)('temporal workflow start, signal pause, signal resume: %s', async (type, input) => {
  const id = await begin(type, input);
  const run = world.client.workflow.getHandle(id);
  await temporal('workflow', 'signal', '--workflow-id', id, '--name', 'pause', '--input', '"now"');
  await inState(run, 'paused');
  expect(world.openai.ledger.at(-1)?.outcome).toBe('aborted');
  const { searchAttributes } = await run.describe();
  expect(searchAttributes).toMatchObject({ Kind: ['run'], RootRun: [id], CreatedAt: [expect.any(Date)] });
  await temporal('workflow', 'signal', '--workflow-id', id, '--name', 'resume');
  expect(await run.result()).toBeTruthy();
});

test.each(inputs)('temporal workflow cancel aborts the step in flight: %s', async (type, input) => {
  const id = await begin(type, input);
  const asked = Date.now();
  await temporal('workflow', 'cancel', '--workflow-id', id);
  const run = world.client.workflow.getHandle(id);
  await expect(run.result()).rejects.toThrow('cancelled');
  expect(world.openai.ledger).toHaveLength(1);
  expect(world.openai.ledger[0]!.closed_at! - asked).toBeLessThan(5000);
  expect((await run.describe()).status.name).toBe('CANCELLED');
});

test('temporal workflow update answers a question, and refuses the second answer', async () => {
  const id = `cli-${randomUUID()}`;
  await world.start('asks', { topic: 'cli' }, id);
  const run = world.client.workflow.getHandle(id);
  await inState(run, 'waiting');
  const update = (waiting_id: string) => {
    const input = JSON.stringify({ waiting_id, value: 'plain' });
    return temporal('workflow', 'update', 'execute', '--workflow-id', id, '--name', 'answer', '--input', input);
  };
  await update('tone-1');
  await expect(update('tone-1')).rejects.toThrow(/Nothing waits under this waiting_id/);
  await world.openai.until(() => world.openai.matching('in tone plain').length > 0);
  await inState(run, 'waiting');
  const answered = JSON.stringify({ waiting_id: 'verdict-2', value: 'good' });
  await temporal('workflow', 'signal', '--workflow-id', id, '--name', 'answer', '--input', answered);
  expect(await run.result()).toMatchObject({ verdict: 'good' });
});

test('the state of a run can be asked for, and its details say in words what it waits for', async () => {
  const run = await world.start('asks', { topic: 'details' });
  await inState(run, 'waiting');
  const told = await temporal('workflow', 'query', '--workflow-id', run.workflowId, '--type', 'state');
  expect(told).toContain('waiting');
  expect(await run.query(state)).toMatchObject({ state: 'waiting', steps_completed: 0 });
  const { currentDetails } = await run.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain('Waiting for a person');
  expect(currentDetails).toContain('Which tone for details?');
  await run.terminate();
});

test('temporal workflow reset takes a run back to an earlier task, and it goes on from there', async () => {
  const run = await world.start('six', { topic: 'again' });
  await run.result();
  const { events } = await run.fetchHistory();
  const third = events!.filter((event) => event.activityTaskCompletedEventAttributes)[2]!;
  const task = events!.find(
    (event) => event.eventId!.gt(third.eventId!) && event.workflowTaskCompletedEventAttributes,
  )!;
  const event = ['--event-id', String(task.eventId), '--reason', 'try again'];
  await temporal('workflow', 'reset', '--workflow-id', run.workflowId, ...event);
  expect(await world.client.workflow.getHandle(run.workflowId).result()).toHaveLength(6);
  const asked = (part: number) => world.openai.matching(`again part ${part}`).length;
  expect([1, 2, 3, 4, 5, 6].map(asked)).toEqual([1, 1, 1, 2, 2, 2]);
});
