// How a call ended that gave no frame, as a failure: a stable type, and what happened. Plain values, for workflows and the API too.
import type { LimitName } from '../sandbox/sandbox.ts';
import type { CallOutcome } from './function.ts';

export type NoResult = Exclude<CallOutcome, { kind: 'result' }>;

export interface CallFailure {
  type:
    | 'ProgramFailed'
    | 'LimitExceeded'
    | 'NoDataFrame'
    | 'ProgramExited'
    | 'PackageMissing'
    | 'InvalidCode'
    | 'InvalidInputs';
  message: string;
}

export function failureOf(ended: NoResult): CallFailure {
  switch (ended.kind) {
    case 'exception':
      return { type: 'ProgramFailed', message: ended.message };
    case 'limit':
      return { type: 'LimitExceeded', message: limitMessage(ended.limit, ended.allowed) };
    case 'no_frame':
      return { type: 'NoDataFrame', message: `main_function must give back a DataFrame; it gave ${ended.got}.` };
    case 'exited':
      return { type: 'ProgramExited', message: `The program ended without a result (${endedBy(ended)}).` };
    case 'missing_package':
      return {
        type: 'PackageMissing',
        message: packagesMessage([ended.name], ended.available),
      };
    case 'invalid_code': {
      const where = ended.line === null ? '' : ` (line ${ended.line})`;
      return { type: 'InvalidCode', message: `The code cannot be run${where}: ${ended.message}` };
    }
    case 'invalid_inputs':
      return { type: 'InvalidInputs', message: ended.wrong.map(({ message }) => message).join(' ') };
  }
}

/** Also for the model to read. */
export const packagesMessage = (missing: string[], available: string[]): string =>
  `These packages are not there: ${missing.join(', ')}. There are: Python's standard library, ${available.join(', ')}.`;

const endedBy = ({ code, signal }: { code: number | null; signal: string | null }): string =>
  signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;

/** What is limited, and the unit that its allowance is told in. */
const limits: Record<LimitName, [what: string, unit: string, per: number]> = {
  time: ['time on the clock', 's', 1000],
  cpu: ['time on the processor', 's', 1],
  memory: ['memory', 'MiB', 1024 ** 2],
  processes: ['processes and threads', 'of them', 1],
  output: ['output on stdout and stderr', 'KiB', 1024],
  file_size: ['the size of a file', 'MiB', 1024 ** 2],
  disk: ['all its files together', 'MiB', 1024 ** 2],
  open_files: ['open files', 'of them', 1],
  result_size: ['the size of its result', 'MiB', 1024 ** 2],
};

function limitMessage(limit: LimitName, allowed: number): string {
  const [what, unit, per] = limits[limit];
  const amount = Math.round((allowed / per) * 1000) / 1000;
  return `The program passed the limit '${limit}': ${what}, ${amount} ${unit}.`;
}
