// The step that calls a function: its inputs checked by their declared types, its program in the sandbox.
import { currentAttempt } from '../attempt.ts';
import type { Frame, Input, Json, Sandbox } from '../sandbox/sandbox.ts';
import type { Callable, CallOutcome } from './function.ts';
import { declaredType, wrongInputs } from './given.ts';
import { availableIn } from './packages.ts';

export interface RunRequest extends Callable {
  inputs: Record<string, Json>;
}

/** The frame comes beside: so it is the same payload whatever else a fork changes, and is stored once. */
export const createRunFunction =
  (sandbox: Sandbox) =>
  async ({ inputs, ...fn }: RunRequest, input1?: Frame | null): Promise<CallOutcome> => {
    const wrong = wrongInputs(fn, inputs, input1 !== undefined && input1 !== null);
    if (wrong.length > 0) return { kind: 'invalid_inputs', wrong };
    const given = Object.entries(inputs).map(([name, value]) => [name, asInput(fn.user_inputs[name]?.type, value)]);
    const program = { code: fn.code, inputs: Object.fromEntries(given), ...(input1 && { frame: input1 }) };
    const outcome = await sandbox.run(program, currentAttempt().signal);
    return outcome.kind === 'missing_package' ? { ...outcome, available: availableIn(sandbox) } : outcome;
  };

function asInput(type: string | undefined, value: Json): Input {
  const declared = type === undefined ? undefined : declaredType(type);
  if (declared === 'date' && typeof value === 'string') return { type: 'date', value: withMicroseconds(value) };
  if (declared === 'number' && typeof value === 'number') return { type: 'json', value: asFloat(value) };
  return { type: 'json', value };
}

/** Python before 3.11 reads fractions of a second with three or six digits alone. */
const withMicroseconds = (text: string): string =>
  text.replace(/\.(\d+)/, (_, digits: string) => `.${digits.slice(0, 6).padEnd(6, '0')}`);

/** Python tells 5 from 5.0, JavaScript does not: a whole number is written as Python writes a float. */
const asFloat = (value: number): Json =>
  Number.isInteger(value) && Math.abs(value) < 1e21 ? JSON.rawJSON(`${value}.0`) : value;

declare global {
  interface JSON {
    /** https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/JSON/rawJSON */
    rawJSON(text: string): { rawJSON: string };
  }
}
