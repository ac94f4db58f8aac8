// The input of a run that came past the API: by CLI or schedule nobody has checked it yet.
import { ApplicationFailure } from '@temporalio/workflow';
import type { ZodType } from 'zod';
import { workflowFunction } from './sdk.ts';

/**
 * The arguments with the schema's defaults filled in. Throws ApplicationFailure `InvalidInput`, which fails the run; a
 * ZodError would fail the workflow task and be retried for ever. A schema that became narrower cannot fail a run that
 * has taken a step: its history does not fit a failure in the first task, so its task is retried until the code fits.
 */
export function checked(args: unknown[]): unknown[] {
  const schema = inputOf(workflowFunction());
  if (!schema) return args;
  const parsed = schema.safeParse(args[0] ?? {});
  if (parsed.success) return [parsed.data, ...args.slice(1)];
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
  throw ApplicationFailure.nonRetryable(`The input does not fit this workflow. ${fields}`, 'InvalidInput');
}

function inputOf(workflow: object | undefined): ZodType | undefined {
  return workflow && 'input' in workflow && isSchema(workflow.input) ? workflow.input : undefined;
}

function isSchema(value: unknown): value is ZodType {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}
