// What became of a program, from what was seen of its stay and what it said itself.
import type { Answer, ProgramEnd } from './answer.ts';
import type { Checked, InvalidCode, LimitName, Limits, Outcome, Ran } from './sandbox.ts';
import type { Stay } from './stay.ts';

export function outcomeOf(stay: Stay, answer: Answer | undefined, limits: Limits): Outcome {
  const { stdout, stderr, duration_ms, peak_bytes } = stay;
  const ran: Ran = { stdout, stderr, duration_ms, peak_bytes };
  const limit = limitOf(stay, answer, limits);
  if (limit !== undefined) return { ...ran, kind: 'limit', limit, allowed: allowedBy(limits, limit) };
  const { code = null, signal = null } = stay.end ?? {};
  if (answer === undefined) return { ...ran, kind: 'exited', code, signal };
  switch (answer.kind) {
    case 'result':
    case 'exception':
    case 'no_frame':
    case 'missing_package':
    case 'invalid_code':
      return { ...ran, ...answer };
    case 'exited':
      return { ...ran, kind: 'exited', code: answer.code, signal: null };
    // It answered another question than was asked, or said itself that a limit is passed, which limitOf knows.
    case 'limit':
    case 'function':
      return { ...ran, kind: 'exited', code, signal };
  }
}

export function checkedOf(stay: Stay, answer: Answer | undefined, limits: Limits): Checked {
  const limit = limitOf(stay, answer, limits);
  if (limit !== undefined) return { kind: 'limit', limit, allowed: allowedBy(limits, limit) };
  if (answer?.kind === 'function' || answer?.kind === 'invalid_code') return answer;
  return unreadable;
}

const unreadable: InvalidCode = {
  kind: 'invalid_code',
  message: 'Python cannot read the code: it is nested too deeply.',
  line: null,
};

function allowedBy(limits: Limits, limit: LimitName): number {
  if (limit === 'time') return limits.time_ms;
  return limit === 'cpu' ? limits.cpu_s : limits[limit];
}

/** A limit at which it was ended counts before anything that it said. */
function limitOf(
  { stopped, end, answer: { length } }: Stay,
  answer: Answer | undefined,
  limits: Limits,
): LimitName | undefined {
  if (stopped !== undefined) return stopped;
  if (answer?.kind === 'limit') return answer.limit;
  return length === 0 && end !== undefined ? limitBehind(end, limits) : undefined;
}

/** The kernel tells some limits by the signal that ends the process. */
function limitBehind({ signal, cpu_ms }: ProgramEnd, limits: Limits): LimitName | undefined {
  if (signal === 'SIGXCPU') return 'cpu';
  if (signal === 'SIGKILL' && cpu_ms >= limits.cpu_s * 1000) return 'cpu';
  return signal === 'SIGXFSZ' ? 'file_size' : undefined;
}
