// A run tells the session that its input names how it ended: nobody has somebody else's told, nor anything else of theirs.
import type { Entry } from '../catalogue.ts';
import type { Core } from '../deps.ts';
import { sessionNotFound } from '../sessions/read.ts';
import { sessionWorkflow } from '../../workflows/session/messages.ts';
import { seesOnly } from './caller.ts';

/** Throws ApiError 404, whether there is one of that Workflow Id or not. */
export function requireSession(deps: Core, { sessionIn }: Entry, input: unknown): void {
  const owner = seesOnly(deps.caller());
  if (sessionIn === undefined || owner === undefined) return;
  const session = new Map<string, unknown>(Object.entries(input ?? {})).get(sessionIn);
  if (typeof session === 'string' && !session.startsWith(sessionWorkflow('', owner))) throw sessionNotFound(session);
}
