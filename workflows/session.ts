// A session: the turns of a conversation, one run at a time, in their order. It lives until it is deleted.
import {
  condition,
  makeContinueAsNewFunc,
  patched,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SearchAttributePair } from '@temporalio/common';
import type { SessionRef, StartTurn, Turn } from '../activities/session/turn.ts';
import { stored } from './keyword.ts';
import { attributes } from './runtime/messages.ts';
import { land } from './session/landing.ts';
import { type Branch, ended, promote, turn } from './session/messages.ts';
import { isLong, memoNow, show } from './session/shown.ts';
import { type Flight, isBusy, type SessionState, settle } from './session/state.ts';
import { refusal, refuse, take } from './session/take.ts';
import { openWork, orLeave, type Work } from './session/work.ts';

/** Sessions that began with older code kept the user that had opened them. */
const users = 'session/1';

export async function session(state: SessionState): Promise<void> {
  const work = openWork(state);
  listen(state);
  show(state);
  for (;;) {
    await condition(() => isBusy(state) || isLong(state));
    if (state.promoted) await takeBranch(work, state);
    else if (state.flight?.begun) await land(work, state, state.flight);
    else await begin(work, state);
    if (isLong(state)) return goOn(state);
  }
}

/** Its memo goes along: nobody is to read a session that seems to know nothing. */
function goOn(state: SessionState): Promise<never> {
  return makeContinueAsNewFunc<typeof session>({ memo: memoNow(state) })(state);
}

function listen(state: SessionState): void {
  setHandler(
    turn,
    (request) => {
      const accepted = take(state, request);
      // One that begins at once is shown when it has begun.
      if (state.flight) show(state);
      return accepted;
    },
    { validator: (request) => refuse(state, request) },
  );
  setHandler(
    promote,
    (branch) => {
      state.promoted = branch;
      return { head: branch.run_id };
    },
    {
      validator: (branch: Branch) => {
        if (!isBusy(state)) return;
        throw refusal('SessionBusy', `A turn is open. Run '${branch.run_id}' can become the head when it has ended.`);
      },
    },
  );
  setHandler(ended, ({ run_id }) => {
    if (run_id === state.flight?.turn.run_id) state.flight.ended = true;
  });
}

/** Withdrawn turns come before those that were queued after them. */
async function begin(work: Work, state: SessionState): Promise<void> {
  const withdrawn = state.withdrawn.shift();
  if (withdrawn) {
    await start(work, state, { turn: withdrawn, withdrawn: true });
    state.begun = withdrawn.position;
    return show(state);
  }
  const next = state.queue.shift();
  if (!next) return;
  const flight: Flight = { turn: next, begun: false, kept: true };
  state.flight = flight;
  state.begun = next.position;
  speaker(state, next);
  show(state);
  if ((await start(work, state, { turn: next })) === 'started') {
    flight.begun = true;
    return;
  }
  settle(state);
  show(state);
}

async function start({ startTurn }: Work, state: SessionState, what: Pick<StartTurn, 'turn' | 'withdrawn'>) {
  const session: SessionRef = { session_id: state.session_id, workflow: workflowInfo().workflowId };
  const { kind, conversation } = await orLeave(startTurn({ session, conversation: state.conversation, ...what }), {
    kind: 'refused' as const,
    conversation: state.conversation,
  });
  state.conversation = conversation;
  return kind;
}

/** Who is asked, and by whom: the newest turn tells. */
function speaker(state: SessionState, { agent_id, user_id }: Turn): void {
  const before = { ...state };
  state.agent_id = agent_id;
  state.user_id = user_id ?? state.user_id;
  const isOther = state.user_id !== null && state.user_id !== before.user_id && patched(users);
  const changes: SearchAttributePair[] = [
    ...(before.agent_id === agent_id ? [] : [{ key: attributes.Agent, value: agent_id }]),
    ...(isOther ? [{ key: attributes.User, value: stored(state.user_id ?? '') }] : []),
  ];
  if (changes.length > 0) upsertSearchAttributes(changes);
}

async function takeBranch({ keepBranch }: Work, state: SessionState): Promise<void> {
  if (!state.promoted) return;
  const { run_id, messages } = state.promoted;
  const kept = await orLeave(keepBranch(messages), undefined);
  if (kept) {
    state.conversation = kept.conversation;
    state.head = run_id;
  }
  state.promoted = undefined;
  show(state);
}
