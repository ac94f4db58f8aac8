// Finds the object that a model was asked for in what it said, and mends what models usually do to one.
import { jsonrepair } from 'jsonrepair';

type Key = 'task_name' | 'user_inputs' | 'packages_used' | 'python_function' | 'example';
export type RawAnswer = Partial<Record<Key, unknown>>;

/** What the model is asked for, and what models call it instead, in small letters alone. */
const keys: [Key, string[]][] = [
  ['task_name', ['taskname', 'name', 'functionname', 'title']],
  ['user_inputs', ['userinputs', 'userinput', 'inputs', 'inputparameters', 'parameters']],
  ['packages_used', ['packagesused', 'packages', 'dependencies', 'requirements', 'imports']],
  ['python_function', ['pythonfunction', 'function', 'functioncode', 'pythoncode', 'python', 'code']],
  ['example', ['example', 'examples', 'examplecall', 'exampleinput', 'exampleinputs']],
];

const functionKeys = new Set(keys.flatMap(([key, others]) => (key === 'python_function' ? others : [])));

/** In characters. */
const longest = 400_000;

/** How many braces are tried as the object's first and as its last: prose may have some, too. */
const tried = { strictly: 6, mended: 3 };

/** Undefined: there is no object with a function in it. */
export function answerIn(text: string): RawAnswer | undefined {
  if (text.length > longest) return undefined;
  for (const part of parts(text, tried.strictly)) {
    const found = named(attempt(() => JSON.parse(part)));
    if (found) return found;
  }
  // Mending is slow, and makes something of anything: of plain code, too, which is a common answer.
  if (!hasFunctionKey(text)) return undefined;
  for (const part of parts(text, tried.mended)) {
    const found = named(attempt(() => JSON.parse(jsonrepair(part))));
    if (found) return found;
  }
  return undefined;
}

const hasFunctionKey = (text: string): boolean =>
  text
    .matchAll(/[{,]\s*["'“]?([a-z][a-z _-]{0,20})["'”]?\s*:/gi)
    .some(([, key = '']) => functionKeys.has(lettersOf(key)));

const lettersOf = (key: string): string => key.toLowerCase().replaceAll(/[^a-z]/g, '');

/** What may be the object: from one of the first braces to one of the last, the longest first. */
function* parts(text: string, tried: number): Generator<string> {
  const starts = [...text.matchAll(/\{/g)].slice(0, tried).map(({ index }) => index);
  const ends = [...text.matchAll(/\}/g)].slice(-tried).map(({ index }) => index + 1);
  for (const start of starts) for (const end of ends.toReversed()) if (end > start) yield text.slice(start, end);
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The object under the names that we know; one that only wraps it is opened. */
function named(value: unknown): RawAnswer | undefined {
  if (!isObject(value)) return undefined;
  const fields = Object.entries(value);
  const raw: RawAnswer = {};
  for (const [key, others] of keys) raw[key] = fieldOf(fields, key, others);
  if (raw.python_function !== undefined && !isObject(raw.python_function)) return raw;
  const [wrapped] = fields;
  return wrapped && fields.length === 1 ? named(wrapped[1]) : undefined;
}

function fieldOf(fields: [string, unknown][], key: Key, others: string[]): unknown {
  const exact = fields.find(([name]) => name === key);
  if (exact) return exact[1];
  for (const other of others) {
    const like = fields.find(([name]) => lettersOf(name) === other);
    if (like) return like[1];
  }
  return undefined;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
