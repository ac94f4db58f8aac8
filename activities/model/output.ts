// Whether a model's answer is what it was asked to be: JSON of a schema.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Undefined: it fits. Else what is wrong with it, for the model to correct. */
export function misfitOf(text: string, schema: Record<string, unknown>): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `It is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`;
  }
  const validate = compiled(schema);
  if (typeof validate === 'string') return validate;
  if (validate(value)) return undefined;
  const errors = validate.errors ?? [];
  return errors
    .map(({ instancePath, message }) => `${instancePath || 'the whole'} ${message ?? 'is wrong'}`)
    .join('; ')
    .slice(0, 2000);
}

/** Why a JSON Schema is none; undefined: it is one. */
export function wrongSchema(schema: Record<string, unknown>): string | undefined {
  const validate = compiled(schema);
  return typeof validate === 'string' ? validate : undefined;
}

/** Of its own each time: two schemas may bear the same `$id`. */
function compiled(schema: Record<string, unknown>): ValidateFunction | string {
  try {
    return new Ajv2020({ strict: false, allErrors: true, logger: false, validateFormats: false }).compile(schema);
  } catch (error) {
    return `The schema is no JSON Schema: ${error instanceof Error ? error.message : 'unreadable'}`;
  }
}
