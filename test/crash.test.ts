// kill -9 of each of the real programs at moments of a six-step run: nothing is lost and nothing paid for twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersTo, crash, type Crew, hireCrew, momentsOf, slowly, summary, victims } from './crash.ts';
import { openProcesses, type Processes } from './processes.ts';

const seed = 20_261_121;
let processes: Processes;
let crew: Crew;

beforeAll(async () => {
  processes = await openProcesses();
  slowly(processes);
  crew = await hireCrew(processes);
});
afterAll(() => processes.close());

test.each(victims)(
  'kill -9 of %s at 5 moments: each run completes with the right answers, only the call in flight is repeated',
  async (victim) => {
    const outcomes = await crash(processes, crew, victim, momentsOf(seed, 5));
    console.log(summary(victim, outcomes));
    for (const { topic, result, wrong } of outcomes) {
      expect(result).toEqual(answersTo(topic));
      expect(wrong).toEqual([]);
    }
    // The API takes no step: its death repeats none.
    if (victim === 'api') expect(outcomes.flatMap(({ calls }) => calls)).toEqual(Array(30).fill(1));
  },
);
