// An agent whose worker is killed, in a call and in a wait: each call is made once, each model call is paid once.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerSignal } from '../workflows/runtime/messages.ts';
import { openSite, type Site } from './agents.ts';
import { openProcesses, type Processes } from './processes.ts';
import { inState } from './scenarios.ts';

let processes: Processes;
let site: Site;

beforeAll(async () => {
  site = await openSite('Slow.', 1500);
  processes = await openProcesses();
  await processes.run('temporal');
}, 120_000);
afterAll(async () => {
  await processes.close();
  site.close();
});

test('kill -9 in a turn of calls, and in the wait for an approval: all is done once', async () => {
  const { origin } = site;
  const ticket = (title: string) => ({
    name: 'create_ticket',
    arguments: { title, description: 'd', priority: 'low' },
  });
  const email = { name: 'send_email', arguments: { to: 'a@example.com', subject: 's', body: 'b' } };
  const page = { name: 'fetch_page', arguments: { url: origin } };
  processes.openai.script({ match: 'Do all', calls: [ticket('one'), ticket('two'), page] });
  processes.openai.script({ match: 'Do all', calls: [email] });
  processes.openai.script({ match: 'Do all', text: 'All is done.' });

  let worker = await processes.run('worker', { PAGE_ALLOW: origin });
  const agent = { name: 'doer', tools: ['create_ticket', 'send_email', 'fetch_page'] };
  const run = await processes.start('agent', { agent, messages: [{ role: 'user', content: 'Do all.' }] }, 'doer');
  await processes.openai.until(() => site.visits.length === 1, 20_000);
  const kill = async () => {
    worker.signal('SIGKILL');
    await worker.ended;
    worker = await processes.run('worker', { PAGE_ALLOW: origin });
  };
  await kill();
  await inState(run, 'waiting', 30_000);
  await kill();
  await run.signal(answerSignal, { waiting_id: 'send_email-1', value: true });
  expect(await run.result()).toMatchObject({ response: 'All is done.', turns: 3 });

  expect(processes.openai.ledger).toHaveLength(3);
  const told = processes.openai.ledger[1]?.asked?.said.filter(({ role }) => role === 'tool').map(({ text }) => text);
  expect(told).toEqual([
    expect.stringContaining('ticket_id'),
    expect.stringContaining('ticket_id'),
    expect.stringContaining('Slow.'),
  ]);
  const left = await readdir(join(processes.data, 'outbox'));
  expect(left.filter((name) => name.startsWith('ticket'))).toHaveLength(2);
  expect(left.filter((name) => name.startsWith('email'))).toHaveLength(1);
}, 180_000);
