// Runs a Python program in the sandbox, once a person has said yes.
import { z } from 'zod';
import type { Input, Json, Outcome } from '../sandbox/sandbox.ts';
import { tool } from './tool.ts';

/** Of the frame that it gives back. */
const mostRows = 200;
const mostOutput = 10_000;

export const run_python = tool({
  name: 'run_python',
  description:
    'Runs a Python program in a sandbox without network and files, after a person has approved it. The code must define ' +
    'main_function, which is called with the inputs by name and returns a pandas DataFrame. There are pandas and numpy.',
  input: z.strictObject({
    code: z.string(),
    inputs: z.record(z.string(), z.json()).optional().describe('By name, as main_function takes them.'),
  }),
  effect: 'none',
  approval: 'always',
  async run({ code, inputs = {} }, { sandbox, signal }) {
    const given = Object.entries(inputs).map(([name, value]): [string, Input] => [name, { type: 'json', value }]);
    return told(await sandbox.run({ code, inputs: Object.fromEntries(given) }, signal));
  },
});

/** @throws Error when there is no frame: its message is for the model */
function told(outcome: Outcome): { columns: string[]; rows: Json[][]; rows_in_all: number; stdout?: string } {
  if (outcome.kind !== 'result') throw new Error(why(outcome));
  const { columns, values } = outcome.frame;
  const rows_in_all = values[0]?.length ?? 0;
  const rows = Array.from({ length: Math.min(rows_in_all, mostRows) }, (_, row) =>
    values.map((column) => column[row] ?? null),
  );
  const stdout = outcome.stdout.slice(0, mostOutput);
  return { columns, rows, rows_in_all, ...(stdout !== '' && { stdout }) };
}

function why(outcome: Exclude<Outcome, { kind: 'result' }>): string {
  switch (outcome.kind) {
    case 'exception':
      return `The program raised ${outcome.message}\n${outcome.traceback.slice(-2000)}`;
    case 'limit':
      return `The program went over its limit of ${outcome.limit} (${outcome.allowed}).`;
    case 'no_frame':
      return `main_function must return a pandas DataFrame; it returned ${outcome.got}.`;
    case 'exited':
      return `The program ended by itself (code ${outcome.code}, signal ${outcome.signal}) without a result.`;
    case 'missing_package':
      return `There is no package ${outcome.name}.`;
    case 'invalid_code':
      return `Python cannot read the code: ${outcome.message} (line ${outcome.line}).`;
  }
}
