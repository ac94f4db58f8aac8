// A session: the turns of a conversation, one run at a time, in their order. It lives until it is deleted.
import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  makeContinueAsNewFunc,
  proxyActivities,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunState, SessionActivities, SessionRef, StartTurn, Turn } from '../activities/session/turn.ts';
import { attributes, journalQueue } from './runtime/messages.ts';
import { type Branch, ended, promote, turn } from './session/messages.ts';
import { type Flight, isBusy, memoOf, type SessionState } from './session/state.ts';
import { refusal, refuse, take } from './session/take.ts';

/** A run that never tells its end is noticed so late, in ms; one that has been at work for long, a little later. */
const checkMs = 30_000;
const longestCheckMs = 300_000;
/** An hour of them: what cannot be done by then is left, or one turn would hold up all others for ever. */
const mostTries = 360;

export async function session(state: SessionState): Promise<void> {
  const acts = proxyActivities<SessionActivities>({
    taskQueue: journalQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '200ms', maximumInterval: '10s', maximumAttempts: state.pace?.tries ?? mostTries },
  });
  listen(state);
  show(state);
  for (;;) {
    await condition(() => isBusy(state) || isLong(state));
    if (state.promoted) await takeBranch(acts, state);
    else if (state.flight?.begun) await land(acts, state, state.flight);
    else await begin(acts, state);
    if (isLong(state)) return goOn(state);
  }
}

/** Its memo goes along: nobody is to read a session that seems to know nothing. */
function goOn(state: SessionState): Promise<never> {
  const memo = { session: memoOf(state, new Date().toISOString()) };
  return makeContinueAsNewFunc<typeof session>({ memo })(state);
}

type Acts = ReturnType<typeof proxyActivities<SessionActivities>>;

/** No Update is open here: each is answered at once. */
const isLong = ({ pace }: SessionState): boolean => {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return (continueAsNewSuggested || historyLength > (pace?.events ?? Infinity)) && allHandlersFinished();
};

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
async function begin(acts: Acts, state: SessionState): Promise<void> {
  const withdrawn = state.withdrawn.shift();
  if (withdrawn) {
    await start(acts, state, { turn: withdrawn, withdrawn: true });
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
  if ((await start(acts, state, { turn: next })) === 'started') {
    flight.begun = true;
    return;
  }
  settle(state);
  show(state);
}

async function start({ startTurn }: Acts, state: SessionState, what: Pick<StartTurn, 'turn' | 'withdrawn'>) {
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
  const before = state.agent_id;
  state.agent_id = agent_id;
  state.user_id = user_id ?? state.user_id;
  if (before !== agent_id) upsertSearchAttributes([{ key: attributes.Agent, value: agent_id }]);
}

function settle(state: SessionState): void {
  state.flight = undefined;
  state.interrupted = undefined;
}

/** Waits for the end of the turn in flight, and keeps what was answered. Comes back earlier when a new timeline is due. */
async function land(acts: Acts, state: SessionState, flight: Flight): Promise<void> {
  const { run_id, message } = flight.turn;
  const run = await landed(acts, state, flight);
  if (run === 'open') return;
  if (run === 'gone' && !flight.kept) return beginAnew(state, flight);
  const request = { run_id, conversation: state.conversation };
  const { conversation } = await orLeave(acts.keepTurn(flight.kept ? request : { ...request, message }), request);
  state.conversation = conversation;
  state.head = run_id;
  settle(state);
  show(state);
}

/** Who opened the session was to begin its first run, and went before that. */
function beginAnew(state: SessionState, { turn }: Flight): void {
  if (state.interrupted) state.withdrawn.unshift(turn);
  else state.queue.unshift(turn);
  settle(state);
}

/** `open`: a new timeline is due. */
async function landed({ checkTurn }: Acts, state: SessionState, flight: Flight): Promise<RunState> {
  const firstMs = state.pace?.check_ms ?? checkMs;
  for (let waitedMs = 0; ;) {
    const waitMs = Math.min(Math.max(firstMs, waitedMs / 4), longestCheckMs);
    const heard = () => flight.ended === true || state.interrupted === true || isLong(state);
    const isHeard = await condition(heard, waitMs);
    if (flight.ended) return 'ended';
    if (isHeard && !state.interrupted) return 'open';
    if (!state.interrupted || !(await cancel(flight))) {
      const run = await orLeave(checkTurn(flight.turn.run_id), 'open' as const);
      if (run !== 'open') return run;
    }
    state.interrupted = undefined;
    waitedMs += waitMs;
  }
}

/** False: there is nothing to cancel, no more or not yet. */
async function cancel({ turn }: Flight): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(turn.run_id).cancel();
    return true;
  } catch {
    return false;
  }
}

async function takeBranch({ keepBranch }: Acts, state: SessionState): Promise<void> {
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

async function orLeave<T, Left>(work: Promise<T>, left: Left): Promise<T | Left> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ActivityFailure && !isCancellation(error)) return left;
    throw error;
  }
}

function show(state: SessionState): void {
  upsertMemo({ session: memoOf(state, new Date().toISOString()) });
}
