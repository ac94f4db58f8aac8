// kill -9 of each of the real programs, 20 times each, each at another moment of a six-step run.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersTo, crash, type Crew, hireCrew, momentsOf, slowly, summary, victims } from './crash.ts';
import { openProcesses, type Processes } from './processes.ts';

const seed = 5_112_026;
let processes: Processes;
let crew: Crew;

beforeAll(async () => {
  processes = await openProcesses();
  slowly(processes);
  crew = await hireCrew(processes);
});
afterAll(() => processes.close());

test.each(victims)(
  'kill -9 of %s 20 times: each run completes with the right answers, only the call in flight is repeated',
  async (victim) => {
    const outcomes = [];
    for (const moment of momentsOf(seed, 20)) outcomes.push(...(await crash(processes, crew, victim, [moment])));
    console.log(summary(victim, outcomes));
    for (const { topic, result, wrong } of outcomes) {
      expect(result).toEqual(answersTo(topic));
      expect(wrong).toEqual([]);
    }
  },
  600_000,
);
