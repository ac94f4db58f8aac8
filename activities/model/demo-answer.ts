// What the demo model answers. It looks words up and does not think; the same question always gets the same answer.
import { type DemoCall, demoCalls, words } from './demo-calls.ts';
import { demoFunction } from './demo-function.ts';
import { goOn } from './question.ts';
import { exampleOf } from './server/example.ts';
import type { Asked, Said } from './server/asked.ts';

export interface DemoAnswer {
  text: string;
  calls: DemoCall[];
}

const label = "This is Waymark's built-in demo model: it looks words up and does not think.";
const advice = 'For real answers set OPENAI_API_KEY and start again.';

export function demoAnswer(asked: Asked): DemoAnswer {
  const { said, partial } = withoutInterruption(asked.said);
  const question = said.findLast(({ role }) => role === 'user')?.text ?? '';
  const calls = demoCalls(question, asked, said);
  if (calls.length > 0) return { text: '', calls };
  const text = asked.schema === undefined ? answerTo(question, said) : json(asked.schema, question);
  return { text: text.startsWith(partial) ? text.slice(partial.length) : text, calls };
}

/** Asked to go on with a cut answer, it says the rest of what it would have said. */
function withoutInterruption(said: Said[]): { said: Said[]; partial: string } {
  if (said.at(-1)?.text !== goOn) return { said, partial: '' };
  return { said: said.slice(0, -2), partial: said.at(-2)?.text ?? '' };
}

const json = (schema: unknown, question: string): string => JSON.stringify(exampleOf(schema, question), null, 2);

function answerTo(question: string, said: Said[]): string {
  const poem = /exactly (\d+) sentences?/i.exec(question);
  if (poem) return verses(Number(poem[1]));
  const given = said.filter(({ role }) => role === 'system' || role === 'developer').map(({ text }) => text);
  const written = demoFunction(given.join('\n\n'));
  if (written !== undefined) return written;
  const found = relevant(question, given.join('\n\n'));
  if (given.some((text) => /most relevant sentences/i.test(text))) return found.join('\n') || 'Nothing fits.';
  const told = said.slice(said.findLastIndex(({ role }) => role === 'user')).filter(({ role }) => role === 'tool');
  return [
    label,
    `You asked: “${shorten(question)}”`,
    ...(told.length > 0 ? [`The tool says: ${told.map(({ text }) => shorten(text, 500)).join(' ')}`] : []),
    ...(found.length > 0 ? [`From what I was given: ${found.join(' ')}`] : []),
    advice,
  ].join('\n\n');
}

/** The three sentences of a given text that share most words with the question, in the text's order. */
function relevant(question: string, given: string): string[] {
  const asked = words(question);
  const score = (sentence: string): number => words(sentence).filter((word) => asked.includes(word)).length;
  const instruction = /^(you are|use the|the user is asking|answer the|what are the)|[:?]$/i;
  return given
    .split(/(?<=[.!?:])\s+|\s*\|\s*|\n+/)
    .map((sentence, at) => ({ sentence: sentence.trim(), at, score: score(sentence) }))
    .filter(({ sentence, score: shared }) => shared > 0 && sentence.length > 20 && !instruction.test(sentence))
    .toSorted((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, 3)
    .toSorted((a, b) => a.at - b.at)
    .map(({ sentence }) => sentence);
}

const shorten = (text: string, most = 200): string => (text.length <= most ? text : `${text.slice(0, most)}…`);

const subjects = ['AI', 'The patient machine', 'A well-read network', 'The tireless reader', 'Each small model'];
const deeds = [
  'turns a question into light',
  'finds the thread in the noise',
  'remembers what we let slip',
  'reads while the city sleeps',
];
const turns = ['and asks for nothing', 'and shares what it finds', 'and still leaves us the wonder'];

/** Exactly so many sentences; the first says who made them. */
function verses(count: number): string {
  const verse = (n: number): string =>
    `${subjects[n % subjects.length]} ${deeds[n % deeds.length]} ${turns[n % turns.length]}.`;
  const first = "AI is awesome, says Waymark's demo model, and it says so for free.";
  return [first, ...Array.from({ length: Math.max(count - 1, 0) }, (_, n) => verse(n))].join('\n');
}
