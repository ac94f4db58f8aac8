// What a response answers in: the conversation that it goes on with, and how its run comes about.
import type { Core } from '../../deps.ts';
import type { Arrivals } from '../../chat/arrivals.ts';
import { type Sending, takeMessage } from '../../chat/chat.ts';
import { chatRequest } from '../../chat/shape.ts';
import { ownerOf } from '../../auth/owner.ts';
import { ApiError } from '../../errors.ts';
import { readRun } from '../../runs/read.ts';
import type { RunAnswer } from '../../runs/shape.ts';
import { type Asked, startedBefore } from '../../runs/started-before.ts';
import { isEnded } from '../../runs/status.ts';
import { readSession } from '../../sessions/read.ts';
import type { Said } from '../../../workflows/prompt.ts';
import { ask, requireModel } from './ask.ts';
import { type Spoken, spokenIn } from './content.ts';
import { badRequest, onceOnly } from './refusal.ts';
import type { ResponseRequest } from './request.ts';
import { inputOf } from './asked.ts';
import { requireResponse } from './response.ts';

export interface Asking {
  request: ResponseRequest;
  asked: Asked;
  left: AbortSignal;
}

/**
 * The id of a run that is there. A message alone is a turn of a session, so that sessions and responses are one
 * conversation; what a session has no place for (other instructions, a history, an earlier response than its newest) is
 * asked with all that was said before it.
 */
export async function begin(deps: Core, arrivals: Arrivals, { request, asked, left }: Asking): Promise<string> {
  const { model, input, instructions, metadata, user, background, previous_response_id, text, limits } = request;
  const before = previous_response_id ? await answeredBefore(deps, previous_response_id) : undefined;
  const spoken = typeof input === 'string' ? said(input) : spokenIn(input, 'input');
  if (instructions) spoken.instructions.unshift(instructions);
  const schema = text?.format?.type === 'json_schema' ? text.format.schema : undefined;
  const door = { ...(background && { background }), ...(previous_response_id && { previous_response_id }) };
  const kept = Object.keys(door).length > 0 ? { ...metadata, openai: door } : (metadata ?? undefined);
  const session = sessionOf(request) ?? (before && isOwn(deps, before) ? before.session_id : null) ?? undefined;
  await requireModel(deps, model);
  // Before all else: what was begun is the newest of its session now.
  const begun = await startedBefore(deps, model, asked);
  if (begun) return begun.id;
  if (isTurn(spoken) && !schema && (!before || (isOwn(deps, before) && (await isNewest(deps, before))))) {
    const message = spoken.messages[0]?.content ?? '';
    const turn = { agent_id: model, message, session_id: session, user_id: user ?? undefined, metadata: kept, limits };
    const taken = await takeTurn(deps, arrivals, turn, { asked: { ...asked, after: before?.id }, left });
    if (taken !== undefined) return taken;
  }
  if (sessionOf(request) !== undefined) throw onlyTurns();
  const earlier = before ? conversationOf(before) : [];
  const question = { ...spoken, messages: [...earlier, ...spoken.messages], carried: earlier.length };
  return ask(deps, { model, ...question, schema, metadata: kept, user: user ?? undefined, session, limits, asked });
}

const said = (content: string): Spoken => ({ instructions: [], messages: [{ role: 'user', content }] });

const isTurn = ({ instructions, messages }: Spoken): boolean => instructions.length === 0 && messages.length === 1;

function sessionOf({ conversation, previous_response_id }: ResponseRequest): string | undefined {
  if (!conversation) return undefined;
  if (previous_response_id)
    throw badRequest('conversation', 'Give either conversation or previous_response_id, not both.');
  return typeof conversation === 'string' ? conversation : conversation.id;
}

/** Throws ApiError: 404 for no response, 400 for one that is still being given. */
async function answeredBefore(deps: Core, id: string): Promise<RunAnswer> {
  const run = await readRun(deps, await requireResponse(deps, id, 'previous_response_id'));
  if (isEnded(run.status)) return run;
  throw badRequest('previous_response_id', `Response '${id}' is still in progress.`, 'previous_response_open');
}

/** Whoever sees all goes on from somebody else's response, and not in somebody else's session. */
const isOwn = (deps: Core, { owner }: RunAnswer): boolean =>
  deps.owner() === undefined || (owner !== null && ownerOf(owner) === deps.owner());

/** Its session goes on from it, and from nothing that was said later. */
async function isNewest(deps: Core, { id, session_id }: RunAnswer): Promise<boolean> {
  const session = session_id === null ? undefined : await readSession(deps, session_id, deps.owner());
  if (!session) return false;
  const { head, in_flight, turns, begun } = session;
  return turns === begun && (in_flight ?? head ?? id) === id;
}

/** What was said in it, its answer included. */
function conversationOf(run: RunAnswer): Said[] {
  const { messages } = inputOf(run);
  const answer: Said[] = run.response_content ? [{ role: 'assistant', content: run.response_content }] : [];
  return [...messages, ...answer];
}

/** Undefined: meanwhile somebody was before it, and it is no longer the newest that it goes on from. */
async function takeTurn(
  deps: Core,
  arrivals: Arrivals,
  turn: object,
  { asked, left }: { asked: Partial<Sending>; left: AbortSignal },
): Promise<string | undefined> {
  const { data, error } = chatRequest.safeParse(turn);
  if (error) {
    const [issue] = error.issues;
    throw badRequest('input', `${issue?.path.join('.') ?? 'input'}: ${issue?.message ?? 'cannot be taken'}`);
  }
  const taken = await takeMessage(deps, data, asked).catch(unlessOlder);
  if (!taken) return undefined;
  if (taken.kind === 'begun') return taken.run.id;
  await arrivals.wait(taken.session_id, taken, left);
  return taken.run_id;
}

function unlessOlder(error: unknown): undefined {
  if (!(error instanceof ApiError) || error.type !== 'not_newest') onceIfDoubtful(error);
}

/** These clients ask again after a 503 by themselves, and what may have been taken would be answered twice. */
function onceIfDoubtful(error: unknown): never {
  if (!(error instanceof ApiError) || error.type !== 'turn_not_confirmed') throw error;
  const { status, type, detail, headers, cause } = error;
  throw new ApiError(status, type, detail, { headers: { ...headers, ...onceOnly }, cause });
}

const onlyTurns = () =>
  badRequest('input', 'In a conversation input is one message of the user, without instructions or a schema.');
