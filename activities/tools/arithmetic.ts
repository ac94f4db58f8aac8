// Reads and works out arithmetic, by recursive descent: nothing of a text is ever run as code.

const longest = 1000;
const deepest = 100;

const constants = new Map([
  ['pi', Math.PI],
  ['e', Math.E],
]);

const functions = new Map<string, (...given: number[]) => number>([
  ['sqrt', Math.sqrt],
  ['abs', Math.abs],
  ['round', Math.round],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
  ['ln', Math.log],
  ['log', Math.log10],
  ['exp', Math.exp],
  ['sin', Math.sin],
  ['cos', Math.cos],
  ['tan', Math.tan],
  ['min', Math.min],
  ['max', Math.max],
]);

/** @throws Error for what is no arithmetic, is too long, or has no finite value */
export function valueOf(expression: string): number {
  if (expression.length > longest) throw new Error(`The expression is longer than ${longest} characters.`);
  const reader = readerOf(expression);
  const value = sum(reader, 0);
  if (reader.next() !== undefined) throw new Error(`Nothing is expected before ${reader.rest()}.`);
  if (!Number.isFinite(value)) throw new Error('The expression has no finite value.');
  return value;
}

interface Reader {
  next(): string | undefined;
  take(): string | undefined;
  /** Takes the next token when it is one of these. */
  taken(...wanted: string[]): string | undefined;
  rest(): string;
}

function readerOf(expression: string): Reader {
  const tokens = expression.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|[a-z]+|\*\*|\S/gi) ?? [];
  let at = 0;
  return {
    next: () => tokens[at],
    take: () => tokens[at++],
    taken: (...wanted) => (wanted.includes(tokens[at] ?? '') ? tokens[at++] : undefined),
    rest: () => `“${tokens.slice(at, at + 5).join(' ')}”`,
  };
}

function sum(reader: Reader, depth: number): number {
  let value = product(reader, depth);
  for (let sign = reader.taken('+', '-'); sign; sign = reader.taken('+', '-')) {
    const next = product(reader, depth);
    value = sign === '+' ? value + next : value - next;
  }
  return value;
}

function product(reader: Reader, depth: number): number {
  let value = signed(reader, depth);
  for (let sign = reader.taken('*', '/', '%'); sign; sign = reader.taken('*', '/', '%')) {
    const next = signed(reader, depth);
    value = sign === '*' ? value * next : sign === '/' ? value / next : value % next;
  }
  return value;
}

function signed(reader: Reader, depth: number): number {
  if (depth > deepest) throw new Error(`The expression is nested deeper than ${deepest} levels.`);
  if (reader.taken('-')) return -signed(reader, depth + 1);
  if (reader.taken('+')) return signed(reader, depth + 1);
  const base = single(reader, depth);
  return reader.taken('^', '**') ? base ** signed(reader, depth + 1) : base;
}

function single(reader: Reader, depth: number): number {
  if (reader.taken('(')) return closed(reader, sum(reader, depth + 1));
  const token = reader.take();
  if (token === undefined) throw new Error('The expression ends too early.');
  if (/^[\d.]/.test(token)) return Number(token);
  const name = token.toLowerCase();
  const constant = constants.get(name);
  if (constant !== undefined) return constant;
  const called = functions.get(name);
  if (!called || !reader.taken('(')) throw new Error(`“${token.slice(0, 40)}” is no arithmetic that is known here.`);
  const given = [sum(reader, depth + 1)];
  while (reader.taken(',')) given.push(sum(reader, depth + 1));
  return closed(reader, called(...given));
}

function closed(reader: Reader, value: number): number {
  if (!reader.taken(')')) throw new Error('A parenthesis is not closed.');
  return value;
}
