// What a function may be given: the types that inputs are declared with, and whether values are of them. Plain values without
// any dependence but zod, for the API and workflows too.
import { z } from 'zod';
import type { Callable, WrongInput } from './function.ts';
import type { Cell, Json } from '../sandbox/sandbox.ts';

export type DeclaredType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'date';

const declared: Record<string, DeclaredType> = {
  string: 'string',
  str: 'string',
  integer: 'integer',
  int: 'integer',
  number: 'number',
  float: 'number',
  boolean: 'boolean',
  bool: 'boolean',
  array: 'array',
  list: 'array',
  object: 'object',
  dict: 'object',
  date: 'date',
};

export const typeNames: readonly string[] = Object.keys(declared);

/** Undefined: no type that we know. */
export function declaredType(name: string): DeclaredType | undefined {
  const known = name.trim().toLowerCase();
  return Object.hasOwn(declared, known) ? declared[known] : undefined;
}

const isCell = (cell: unknown): cell is Cell =>
  cell === null || typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean';

/** By hand: a million cells take zod a second. */
const column = z.custom<Cell[]>((value) => Array.isArray(value) && value.every(isCell), {
  error: 'A column is a list of text, numbers, true, false and null.',
});

/** Values column by column. */
export const frame = z
  .object({ columns: z.array(z.string()), values: z.array(column) })
  .refine(({ columns, values }) => columns.length === values.length, {
    error: 'There must be as many columns of values as names of columns.',
  })
  .refine(({ values }) => values.every(({ length }) => length === values[0]?.length), {
    error: 'All columns must be equally long: values are given column by column.',
  });

/** What comes out of JSON is nothing else. */
export const inputs = z.record(
  z.string(),
  z.custom<Json>((value) => value !== undefined),
);

/** Of nested lists and objects: Python's own reader gives up some hundred later. */
const deepest = 100;

/** Nothing but what is declared, all of it, and each of its type. `framed`: whether there is an input1. */
export function wrongInputs(
  { task_type, user_inputs }: Omit<Callable, 'code'>,
  given: Record<string, Json>,
  framed: boolean,
): WrongInput[] {
  const wrong: WrongInput[] = [];
  const add = (name: string, type: WrongInput['type'], message: string) => wrong.push({ name, type, message });
  for (const [name, { type }] of Object.entries(user_inputs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined) add(name, 'missing', `Input '${name}' (${type}) is missing.`);
    else if (!isOf(declaredType(type), value)) add(name, 'wrong_type', `Input '${name}' must be ${expected(type)}.`);
    else if (isDeeper(value, deepest))
      add(name, 'too_deep', `Input '${name}' is nested deeper than ${deepest} levels.`);
  }
  const known = Object.keys(user_inputs);
  for (const name of Object.keys(given).filter((one) => !known.includes(one)))
    add(name, 'unknown', `There is no input '${name}'. There are: ${known.join(', ') || 'none'}.`);
  if (task_type === 'passthrough' && !framed)
    add('input1', 'missing', 'input1 is missing: this function takes a frame, {"columns", "values"}.');
  if (task_type === 'input' && framed) add('input1', 'unknown', 'This function takes no frame: leave input1 out.');
  return wrong;
}

function isOf(type: DeclaredType | undefined, value: Json): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type;
    case 'integer':
      // Beyond these JavaScript has lost digits already.
      return Number.isSafeInteger(value);
    case 'number':
      return Number.isFinite(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'date':
      return typeof value === 'string' && isDate(value);
    case undefined:
      return false;
  }
}

const expectations: Record<DeclaredType, string> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  date: 'a date as ISO text, like 2024-02-29 or 2024-02-29T12:30:00Z',
};

function expected(name: string): string {
  const type = declaredType(name);
  return type ? expectations[type] : `of type ${name}, which is none of ${typeNames.join(', ')}`;
}

const isoDate =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/;

/** A day or a moment that there is: the 30th of February is none. */
function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = isoDate.exec(text) ?? [];
  if (Number(year) < 1) return false;
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
