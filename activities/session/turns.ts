// The activities of sessions: they begin turns, keep what was said, and see how runs are.
import { Context } from '@temporalio/activity';
import { alive } from '../alive.ts';
import type { Conversations } from '../model/conversation.ts';
import { remembered, saidIn } from './memory.ts';
import type { Memory, RunState, Said, SessionActivities, SessionRef, Turn } from './turn.ts';

export interface TurnRun {
  turn: Turn;
  session: SessionRef;
  /** The last one is the turn's. */
  messages: Said[];
  withdrawn: boolean;
}

/** Agents and their runs, as sessions need them. */
export interface TurnRuns {
  /** The agent of the turn as it is now. Undefined: it is gone, or not enabled. */
  agent(turn: Turn): Promise<TurnAgent | undefined>;
  /** Waits for the end, until nobody wants to know it any more. Null: nothing was answered; undefined: the run is gone. */
  response(run_id: string, left: AbortSignal): Promise<string | null | undefined>;
  state(run_id: string): Promise<RunState>;
}

export interface TurnAgent {
  memory: Memory;
  /** Once, however often it is called. `refused`: there cannot be such a run. */
  start(run: TurnRun): Promise<'started' | 'refused'>;
}

export const createSessionActivities = (conversations: Conversations, runs: TurnRuns): SessionActivities => ({
  startTurn: alive(async ({ session, conversation: before, turn, withdrawn = false }) => {
    const agent = await runs.agent(turn);
    const said = before === undefined || !agent ? [] : saidIn(await conversations.load(before));
    const word: Said = { role: 'user', content: turn.message };
    const messages = agent ? [...remembered(said, agent.memory), word] : [];
    const kind = (await agent?.start({ turn, session, messages, withdrawn })) ?? 'refused';
    return { kind, conversation: await conversations.append(before, [{ role: 'user', content: turn.message }]) };
  }),
  keepTurn: alive(async ({ run_id, conversation: before, message }) => {
    const response = await runs.response(run_id, Context.current().cancellationSignal);
    const asked = message === undefined ? [] : [{ role: 'user' as const, content: message }];
    const answered = response ? [{ role: 'assistant' as const, content: response }] : [];
    const fresh = [...asked, ...answered];
    if (before !== undefined && fresh.length === 0) return { conversation: before };
    return { conversation: await conversations.append(before, fresh) };
  }),
  checkTurn: alive((run_id) => runs.state(run_id)),
  keepBranch: alive(async (messages) => ({
    conversation: await conversations.append(
      undefined,
      messages.filter(({ role }) => role !== 'system').map(({ role, content }) => ({ role, content })),
    ),
  })),
});
