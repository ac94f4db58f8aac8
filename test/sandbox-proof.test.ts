// What the self-test makes of what it sees; that real boundaries hold is in sandbox.test.ts.
import { expect, test } from 'vitest';
import { defaultLimits } from '../activities/sandbox/config.ts';
import { prove } from '../activities/sandbox/proof.ts';
import type { LimitName, Outcome, Program, Ran } from '../activities/sandbox/sandbox.ts';

const ran: Ran = { stdout: '', stderr: '', duration_ms: 1, peak_bytes: 1 };
const nothingOpen: Outcome = {
  ...ran,
  kind: 'result',
  frame: { columns: ['a', 'b'], values: [[], []], types: ['text', 'text'] },
};
const limit = (name: LimitName): Outcome => ({ ...ran, kind: 'limit', limit: name, allowed: 1 });

/** Which limit a program goes over, as its own limits tell. */
function goesOver({ limits = {} }: Program): LimitName {
  if (limits.cpu_s !== undefined) return 'cpu';
  if (limits.output !== undefined) return 'output';
  return limits.memory === undefined ? 'time' : 'memory';
}

/** A machine on which programs about memory run out of time so many times. */
function busy(times: number) {
  let left = times;
  return async (program: Program): Promise<Outcome> => {
    if (!program.limits) return nothingOpen;
    const over = goesOver(program);
    return over === 'memory' && left-- > 0 ? limit('time') : limit(over);
  };
}

const { signal } = new AbortController();

test('a limit whose program ran out of time on a busy machine is tried again', async () => {
  await expect(prove(busy(2), defaultLimits, signal)).resolves.toBeUndefined();
});

test('one that never shows itself is taken for one that does not hold', async () => {
  await expect(prove(busy(3), defaultLimits, signal)).rejects.toThrow('limit of memory (limit: time)');
});
