// The agents that are workflows of their own: research on a company, and a report on one.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Agents, openAgents } from './agents.ts';

let agents: Agents;
beforeAll(async () => void (agents = await openAgents()));
afterAll(() => agents.close());
afterEach(() => agents.openai.reset());

const report = (percentage: number) => ({
  calls: [{ name: 'report_activity', arguments: { message: 'Reading', percentage } }],
});

test('research_company asks gpt-4o with the company and the areas, and gives company and findings', async () => {
  agents.openai.script({ text: 'Lamps are bright.' });
  const run = await agents.start('research_company', { company: 'Lamps', focus_areas: ['price', 'light'] });
  expect(await run.result()).toEqual({ company: 'Lamps', findings: 'Lamps are bright.' });
  const asked = agents.openai.ledger[0]?.asked;
  expect(asked?.model).toBe('gpt-4o');
  expect(asked?.said[0]?.text).toMatch(/^Research Lamps\. Focus on: price, light\n/);
  expect(asked?.said[1]).toEqual({ role: 'user', text: 'Research Lamps' });
  expect(asked?.tools.map(({ name }) => name)).toEqual(['report_activity']);
});

test('without areas it is general info, and what the agent reports is clamped', async () => {
  agents.openai.script(report(250));
  const run = await agents.start('research_company', { company: 'Lamps' });
  await run.result();
  expect(agents.openai.ledger[0]?.asked?.said[0]?.text).toContain('Focus on: general info');
  expect(agents.told(1)).toEqual(['Status updated']);
  const { events } = await run.fetchHistory();
  const results = events?.map((event) => event.activityTaskCompletedEventAttributes?.result?.payloads?.[0]?.data);
  const told = (results ?? []).flatMap((data) => (data ? [new TextDecoder().decode(data)] : []));
  expect(told.some((text) => text.includes('"percentage":100'))).toBe(true);
});

test('after 15 turns it is told to summarize, once, and has 5 more turns; then it fails', async () => {
  agents.openai.script({ ...report(5), times: Infinity });
  const run = await agents.start('research_company', { company: 'Lamps' });
  await expect(run.result()).rejects.toMatchObject({ cause: { type: 'MaxTurns' } });
  expect(agents.openai.ledger).toHaveLength(20);
  const wrapUps = (nth: number) =>
    agents.openai.ledger[nth]?.asked?.said.filter(({ text }) => text === 'Please summarize your findings.').length;
  expect([wrapUps(14), wrapUps(15), wrapUps(19)]).toEqual([0, 1, 1]);
});

test('findings within the 5 more turns are findings', async () => {
  agents.openai.script({ ...report(5), times: 17 });
  agents.openai.script({ text: 'Found.' });
  const run = await agents.start('research_company', { company: 'Lamps' });
  expect(await run.result()).toEqual({ company: 'Lamps', findings: 'Found.' });
});

test('with recovery off it fails when its turns are used up', async () => {
  agents.openai.script({ ...report(5), times: Infinity });
  const run = await agents.start('research_company', { company: 'Lamps', recovery: false });
  await expect(run.result()).rejects.toMatchObject({ cause: { type: 'MaxTurns' } });
  expect(agents.openai.ledger).toHaveLength(15);
});

const analysis = {
  company_name: 'Lamps',
  executive_summary: 'Good.',
  strengths: ['bright'],
  weaknesses: ['hot'],
  opportunities: ['night'],
  recommendation: 'Buy.',
};

test('company_report asks for brand, market and product at once, and then for an analysis that sees all three', async () => {
  for (const subject of ['brand', 'market', 'product'])
    agents.openai.script({
      match: `Analyse the ${subject} of Lamps`,
      text: `The ${subject} is fine.`,
      firstTokenMs: 200,
    });
  agents.openai.script({ match: 'Company: Lamps', text: JSON.stringify(analysis) });
  const run = await agents.start('company_report', { company: 'Lamps' });
  expect(await run.result()).toEqual(analysis);
  const [brand, market, product, last] = agents.openai.ledger;
  const three = [brand!, market!, product!];
  expect(Math.max(...three.map(({ at }) => at))).toBeLessThan(Math.min(...three.map(({ ended_at }) => ended_at ?? 0)));
  expect(new Set(three.map(({ prompt }) => /the (\w+) of/.exec(prompt)?.[1]))).toEqual(
    new Set(['brand', 'market', 'product']),
  );
  for (const subject of ['brand', 'market', 'product']) expect(last?.prompt).toContain(`The ${subject} is fine.`);
  expect(last?.asked?.schema).toMatchObject({ required: Object.keys(analysis) });
});

test('a step of company_report that fails stops it', async () => {
  agents.openai.script({ match: 'Analyse the market', fault: { status: 400 } });
  const run = await agents.start('company_report', { company: 'Lamps' });
  await expect(run.result()).rejects.toMatchObject({ cause: { cause: { type: 'ModelRejected' } } });
  expect(agents.openai.matching('Company: Lamps')).toEqual([]);
});
