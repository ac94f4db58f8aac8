// Changes a run's recorded input as a fork was asked to, as far as its workflow understands it.
import type { Entry } from '../catalogue.ts';
import { ofZod } from '../envelope.ts';
import { type ApiError, type WrongField, wrongFields } from '../errors.ts';
import type { Changes } from './fork-request.ts';
import { mergePatch } from './merge-patch.ts';

const ofInput = ['input', 'modified_query', 'modified_messages', 'system_prompt', 'model'] as const;
type OfInput = (typeof ofInput)[number];

export const changesInput = (changes: Changes): boolean => asked(changes).length > 0;

const asked = (changes: Changes): OfInput[] => ofInput.filter((key) => changes[key] !== undefined);

/** `entry`: undefined when the catalogue has the workflow no longer. Throws ApiError 422 naming the field. */
export async function modified(
  { workflow, entry }: { workflow: string; entry: Entry | undefined },
  input: unknown,
  changes: Changes,
): Promise<unknown> {
  const lacks = asked(changes).filter((key) => !entry || (key !== 'input' && !entry.modifications?.[key]));
  if (lacks.length > 0) throw wrongFields(...lacks.map((key) => notTaken(key, workflow)));
  if (!entry) return input;
  // The functions of the workflow get what its schema lets pass, and nothing else.
  const patched = changes.input === undefined ? input : mergePatch(input, changes.input);
  await check(entry, patched, 'input');
  const { modified_query: query, modified_messages: messages, system_prompt: prompt, model } = changes;
  const by = entry.modifications ?? {};
  let next = patched;
  if (messages !== undefined) next = by.modified_messages?.(next, messages) ?? next;
  else if (query !== undefined) next = by.modified_query?.(next, query) ?? next;
  if (prompt !== undefined) next = by.system_prompt?.(next, prompt) ?? next;
  if (model !== undefined) next = by.model?.(next, model) ?? next;
  await check(entry, next, messages === undefined ? 'input' : 'modified_messages');
  return next;
}

async function check(entry: Entry, input: unknown, field: OfInput): Promise<void> {
  const { error } = await entry.input.safeParseAsync(input);
  if (!error) return;
  const fields = ofZod(error, 'json').map(({ loc, ...rest }) => ({ ...rest, loc: placeOf(loc.slice(1), field) }));
  throw wrongFields(...fields);
}

/** Messages are known to the client by the name under which it sent them. */
function placeOf(path: WrongField['loc'], field: OfInput): WrongField['loc'] {
  const inside = field === 'modified_messages' && path[0] === 'messages' ? path.slice(1) : path;
  return ['body', 'modifications', inside === path ? 'input' : field, ...inside];
}

const notTaken = (key: OfInput, workflow: string): WrongField => ({
  loc: ['body', 'modifications', key],
  msg: `Workflow ${workflow} does not take ${key}.`,
  type: 'not_supported',
});

export const noSuchStep = (key: string, why: string): ApiError =>
  wrongFields({ loc: ['body', 'modifications', 'steps', key], msg: why, type: 'unknown_step' });
