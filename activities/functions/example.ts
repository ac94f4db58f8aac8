// The example that a model gave, with what came of it, as metadata.json keeps it: to be looked at, so not all of a large one.
import type { Frame } from '../sandbox/sandbox.ts';
import { failureOf } from './ending.ts';
import type { Call, CallOutcome, Example } from './function.ts';

const mostRows = 100;
const mostChars = 64 * 1024;

export function exampleOf(call: Call | null, outcome: CallOutcome | null): Example | null {
  if (!call || !outcome) return null;
  const example: Example = { ...call, ...endOf(outcome) };
  return JSON.stringify(example).length > mostChars ? null : example;
}

function endOf(outcome: CallOutcome): { result: Frame } | { error: Extract<Example, { error: object }>['error'] } {
  if (outcome.kind === 'result') return { result: firstRows(outcome.frame) };
  const traceback = outcome.kind === 'exception' ? { traceback: outcome.traceback } : {};
  return { error: { ...failureOf(outcome), ...traceback } };
}

const firstRows = ({ columns, values }: Frame): Frame => ({
  columns,
  values: values.map((column) => column.slice(0, mostRows)),
});
