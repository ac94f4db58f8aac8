// For tests of agents: a world, and what they need to start one and to see what it was told.
import { createServer } from 'node:http';
import type { WorkflowHandle } from '@temporalio/client';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface Agents extends World {
  /** `agent`: what is not as by default. */
  begin(agent: object, question: string, id?: string): Promise<WorkflowHandle>;
  /** The tools' results in the `nth` request, from 0. */
  told(nth: number): string[];
}

export async function openAgents(options?: WorldOptions): Promise<Agents> {
  const world = await openWorld(options);
  return {
    ...world,
    begin: (agent, question, id) =>
      world.start(
        'agent',
        { agent: { name: 'tester', ...agent }, messages: [{ role: 'user', content: question }] },
        id,
      ),
    told: (nth) =>
      (world.openai.ledger[nth]?.asked?.said ?? []).filter(({ role }) => role === 'tool').map(({ text }) => text),
  };
}

/** The steps of that activity that were taken: what they were called with. */
export async function called(run: WorkflowHandle, activity: string): Promise<unknown[]> {
  const { events } = await run.fetchHistory();
  const scheduled = (events ?? []).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  return scheduled.map((event) => {
    const data = event.activityTaskScheduledEventAttributes?.input?.payloads?.[0]?.data;
    const value: unknown = data ? JSON.parse(new TextDecoder().decode(data)) : undefined;
    return value;
  });
}

export interface Site {
  origin: string;
  /** Each visit, in ms since the epoch; `to` when it was answered. */
  visits: { from: number; to?: number }[];
  close(): void;
}

/** One page, which takes its time. */
export async function openSite(text: string, ms: number): Promise<Site> {
  const visits: Site['visits'] = [];
  const server = createServer((_, response) => {
    const visit: Site['visits'][number] = { from: Date.now() };
    visits.push(visit);
    setTimeout(() => {
      visit.to = Date.now();
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<body>${text}</body>`);
    }, ms);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The site has no port.');
  return { origin: `http://127.0.0.1:${address.port}`, visits, close: () => void server.close() };
}
