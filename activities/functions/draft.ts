// What a model answered, as the function that it was asked for; or why it is none, in words that the model can act on.
import { z } from 'zod';
import { answerIn } from './answer.ts';
import type { Draft, TaskType } from './function.ts';
import { declaredType, frame, inputs, typeNames } from './given.ts';

export type Drafted = { kind: 'draft'; draft: Draft } | { kind: 'unusable'; error: string };

const longestName = 200;
const longestCode = 200_000;

const userInput = z.looseObject({
  type: z.string().refine((name) => declaredType(name) !== undefined, {
    error: ({ input }) => `${JSON.stringify(input)} is no type. The types are: ${typeNames.join(', ')}.`,
  }),
  description: z.string().optional(),
});

const answer = z.object({
  task_name: z
    .string()
    .trim()
    .min(1)
    .transform((text) => text.slice(0, longestName)),
  user_inputs: z.preprocess(asRecord, z.record(z.string(), userInput)),
  packages_used: z.preprocess(asList, z.array(z.string())),
  python_function: z.preprocess(asCode, z.string().regex(/\S/, 'It is empty.').max(longestCode)),
  /** Without one that can be called, there is none. */
  example: z
    .object({ inputs: inputs.default({}), input1: frame.nullish() })
    .optional()
    .catch(undefined),
});

export function readDraft(text: string, task_type: TaskType): Drafted {
  const raw = answerIn(text);
  if (!raw) return unusable('it has no JSON object with the key python_function.');
  const parsed = answer.safeParse(raw);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return unusable(issues.join('; '));
  }
  const { python_function: code, example, ...rest } = parsed.data;
  // A frame is never listed: models that do so mean the same.
  const { input1: _, ...listed } = rest.user_inputs;
  if (task_type === 'input' && Object.hasOwn(rest.user_inputs, 'input1'))
    return unusable('input1 is the name of a data set, and this function gets none: give the input another name.');
  return { kind: 'draft', draft: { ...rest, user_inputs: listed, code, example: exampleOf(example, task_type) } };
}

export const unusable = (error: string): Drafted & { kind: 'unusable' } => ({ kind: 'unusable', error });

function exampleOf(example: z.infer<typeof answer>['example'], task_type: TaskType): Draft['example'] {
  if (!example) return null;
  const { inputs: given, input1 } = example;
  if (task_type === 'input') return { inputs: given };
  return input1 ? { inputs: given, input1 } : null;
}

/** A list of inputs with their names, or names with nothing but a type. */
function asRecord(value: unknown): unknown {
  if (value === undefined || value === null) return {};
  if (Array.isArray(value)) {
    const entries = value.map((one: unknown) => namedInput(one));
    return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : value;
  }
  if (typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, typeof one === 'string' ? { type: one } : one]),
  );
}

function namedInput(one: unknown): [string, unknown] | undefined {
  if (typeof one !== 'object' || one === null || !('name' in one) || typeof one.name !== 'string') return undefined;
  const { name, ...rest } = one;
  return [name, rest];
}

function asList(value: unknown): unknown {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'string') return value;
  return value
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

/** Lines, or code in a fence of its own. */
function asCode(value: unknown): unknown {
  const text = Array.isArray(value) ? value.join('\n') : value;
  if (typeof text !== 'string') return text;
  return /^\s*```\w*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
}
