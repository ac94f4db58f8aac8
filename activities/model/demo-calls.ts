// Which tool the demo model calls, and with what: it goes by words, and by what stands in the question.
import { exampleOf } from './server/example.ts';
import type { Asked, OfferedTool, Said } from './server/asked.ts';

export interface DemoCall {
  name: string;
  arguments: Record<string, unknown>;
}

/** None once a tool has answered since the question. */
export function demoCalls(question: string, { tools }: Asked, said: Said[]): DemoCall[] {
  const sinceQuestion = said.slice(said.findLastIndex(({ role }) => role === 'user'));
  if (sinceQuestion.some(({ role }) => role === 'tool')) return [];
  const tool = chosen(question, tools);
  if (!tool) return [];
  const args = exampleOf(tool.parameters, question);
  return [{ name: tool.name, arguments: { ...(isObject(args) && args), ...standingIn(question, tool) } }];
}

function chosen(question: string, tools: OfferedTool[]): OfferedTool | undefined {
  const asked = words(question);
  const shares = (text: string): boolean => words(text).some((word) => asked.includes(word));
  const found = Object.keys(findings(question));
  return (
    tools.find(({ name }) => shares(name.replaceAll(/[_-]/g, ' '))) ??
    tools.find(({ parameters }) => found.some((key) => takes(parameters, key))) ??
    // What stands in brackets is a remark.
    tools.find(({ description }) => shares(description.split('(')[0] ?? '')) ??
    tools.find(({ name }) => name === 'report_activity' || (name === 'search_knowledge' && question.includes('?')))
  );
}

/** What a question has of what tools ask for, by the name under which they do. */
function findings(question: string): Record<string, string> {
  const url = /https?:\/\/[^\s"'<>)]+/.exec(question)?.[0].replace(/[.,;:!?]+$/, '');
  const to = /[\w.+-]+@[\w-]+\.[\w.-]*\w/.exec(question)?.[0];
  const expression = /[\d.(][\d\s.()]*(?:[-+*/^%][\d\s.()]*)+\d\)*/.exec(question.replace(/×/g, '*'))?.[0];
  return {
    ...(url !== undefined && { url }),
    ...(to !== undefined && { to }),
    ...(expression !== undefined && url === undefined && { expression: expression.trim() }),
  };
}

const standingIn = (question: string, { parameters }: OfferedTool): Record<string, string> =>
  Object.fromEntries(Object.entries(findings(question)).filter(([key]) => takes(parameters, key)));

const takes = (parameters: unknown, key: string): boolean =>
  isObject(parameters) && isObject(parameters['properties']) && key in parameters['properties'];

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const empty = new Set(
  'about and are can does for from has have how its not of the this that tell was what when where which who why will with you your'.split(
    ' ',
  ),
);

/** The telling ones of a text. */
export const words = (text: string): string[] =>
  (text.toLowerCase().match(/\p{L}{3,}/gu) ?? []).filter((word) => !empty.has(word));
