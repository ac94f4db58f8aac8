// Slots and priorities: which of the queued tasks runs next, how many run at once, and what holds no slot.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { post as postTo, read } from '../api-fork-stage.ts';
import { json } from '../api-stage.ts';
import { type List, openResearch, type ResearchStage, said } from './research-stage.ts';

/** Companies in the order in which the model was asked about them. */
const asked = ({ world }: ResearchStage): string[] =>
  world.openai.ledger.map(({ prompt }) => prompt.replace('Research ', ''));

const statuses = (stage: ResearchStage, ids: string[]) =>
  Promise.all(ids.map(async (id) => (await stage.status(id)).status));

async function becomes(stage: ResearchStage, id: string, status: string): Promise<void> {
  await expect.poll(async () => (await stage.status(id)).status, { timeout: 20_000 }).toBe(status);
}

/** Makes a task whose first step is due. */
async function queue(stage: ResearchStage, company: string, more: object = {}): Promise<string> {
  const id = await stage.make(company, more);
  const due = async () => (await read(stage.api, id)).steps.length;
  await expect.poll(due, { timeout: 20_000 }).toBe(1);
  return id;
}

/** A model call that lasts until it is let go. */
function hold(stage: ResearchStage, match: string): void {
  stage.world.openai.script({ match, tokens: 4000, tokenMs: 20 });
}

describe('with one slot', () => {
  let stage: ResearchStage;
  beforeAll(async () => void (stage = await openResearch({ slots: 1 })));
  afterAll(() => stage.close());
  beforeEach(() => stage.world.openai.reset());

  test('what is queued says so; HIGH runs before LOW, and first come, first served inside of each', async () => {
    hold(stage, 'Busy');
    const busy = await stage.make('Busy');
    await becomes(stage, busy, 'RUNNING');
    const queued: string[] = [];
    for (const [company, priority] of [
      ['Low 1', 'low'],
      ['Low 2', 'whatever'],
      ['High 1', 'high'],
      ['Low 3', undefined],
      ['High 2', 'high'],
    ] as const)
      queued.push(await queue(stage, company, priority && { priority }));
    expect(new Set(await statuses(stage, queued))).toEqual(new Set(['QUEUED']));
    expect(await stage.status(queued[0]!)).toEqual({
      agent_id: queued[0],
      status: 'QUEUED',
      progress: 0,
      message: 'Waiting to start.',
    });

    // What runs first, then what is queued, each with the newest first.
    const order = async () => {
      const found: string[] = [];
      for (let page = 1, last = 1; page <= last && found.length <= queued.length; page++) {
        const answer = await stage.api.ask('GET', `/api/activities?page=${page}&page_size=100`);
        const { items, pages } = await json<List>(answer);
        found.push(...items.map(({ agent_id }) => agent_id).filter((id) => [busy, ...queued].includes(id)));
        last = pages;
      }
      return found;
    };
    await expect.poll(order, { timeout: 20_000 }).toEqual([busy, ...queued.toReversed()]);

    const freed = Date.now();
    await postTo(stage.api, `/api/runs/${busy}/cancel`);
    for (const id of queued) await becomes(stage, id, 'COMPLETE');
    expect(asked(stage)).toEqual(['Busy', 'High 1', 'High 2', 'Low 1', 'Low 2', 'Low 3']);
    // What was queued has been started when there was a slot, not when it was made.
    for (const id of queued) {
      const { logs } = await stage.detail(id);
      expect(Date.parse(logs[1]?.created_at ?? '')).toBeGreaterThanOrEqual(freed - 50);
    }
  });

  test('what is canceled while it is queued was never started', async () => {
    hold(stage, 'Busy');
    const busy = await stage.make('Busy');
    await becomes(stage, busy, 'RUNNING');
    const id = await stage.make('Never');
    await becomes(stage, id, 'QUEUED');
    await postTo(stage.api, `/api/runs/${id}/cancel`);
    await becomes(stage, id, 'CANCELED');
    expect(said(await stage.detail(id))).toEqual([
      ['Waiting to start.', 'QUEUED', 0],
      ['Canceled on request.', 'CANCELED', null],
    ]);
    await postTo(stage.api, `/api/runs/${busy}/cancel`);
    await becomes(stage, busy, 'CANCELED');
  });

  test('a report on a company, and an agent with an agent of its own, hold none while they wait', async () => {
    const analysis = {
      company_name: 'Lamps',
      executive_summary: 'Good.',
      strengths: [],
      weaknesses: [],
      opportunities: [],
      recommendation: 'Buy.',
    };
    stage.world.openai.script({ match: 'Company: Lamps', text: JSON.stringify(analysis) });
    const report = await stage.api.start('company_report', { company: 'Lamps' });
    stage.world.openai.script({
      match: 'Ask below',
      calls: [{ name: 'agent_below', arguments: { message: 'Say it' } }],
    });
    const agent = { name: 'above', agents: [{ name: 'below' }] };
    const messages = [{ role: 'user', content: 'Ask below' }];
    const above = await stage.api.start('agent', { agent, messages });
    for (const id of [report, above]) await becomes(stage, id, 'COMPLETE');
    expect(stage.world.openai.matching('Say it')).toHaveLength(2);
  });
});

test('four slots run four at once, and the fifth waits for one of them', async () => {
  const stage = await openResearch({ slots: 4 });
  try {
    for (let n = 1; n <= 5; n++) hold(stage, `Firm ${n}`);
    const ids: string[] = [];
    for (let n = 1; n <= 5; n++) ids.push(await queue(stage, `Firm ${n}`));
    const [first = '', , , , fifth = ''] = ids;
    for (const id of ids.slice(0, 4)) await becomes(stage, id, 'RUNNING');
    expect(await statuses(stage, ids)).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING', 'QUEUED']);
    await expect.poll(() => stage.world.openai.ledger.length, { timeout: 20_000 }).toBe(4);
    await postTo(stage.api, `/api/runs/${first}/cancel`);
    await becomes(stage, fifth, 'RUNNING');
    for (const id of ids.slice(1)) await postTo(stage.api, `/api/runs/${id}/cancel`);
    for (const id of ids) await becomes(stage, id, 'CANCELED');
  } finally {
    await stage.close();
  }
});
