// A session: the turns of a conversation, one run at a time, in their order. It lives until it is deleted.
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SessionActivities, SessionRef, StartTurn, Turn } from '../activities/session/turn.ts';
import { attributes, journalQueue } from './runtime/messages.ts';
import { type Branch, ended, promote, turn, type TurnAccepted, type TurnRequest } from './session/messages.ts';
import { type Flight, isBusy, memoOf, type SessionState } from './session/state.ts';

/** Turns that may wait. */
const mostQueued = 1000;
/** A run that never tells its end is noticed so late, in ms; one that has been at work for long, a little later. */
const checkMs = 30_000;
const longestCheckMs = 300_000;

export async function session(state: SessionState): Promise<void> {
  const acts = proxyActivities<SessionActivities>({
    taskQueue: journalQueue(workflowInfo().taskQueue),
    startToCloseTimeout: '1 minute',
    retry: { initialInterval: '200ms', maximumInterval: '10s' },
  });
  let told: string | undefined;
  listen(state, (run_id) => (told = run_id));
  show(state);
  for (;;) {
    await condition(() => isBusy(state) || isLong(state));
    if (state.promoted) await takeBranch(acts, state);
    else if (state.flight?.begun) await land(acts, state, state.flight, () => told);
    else await begin(acts, state);
    if (isLong(state)) return continueAsNew<typeof session>(state);
  }
}

type Acts = ReturnType<typeof proxyActivities<SessionActivities>>;

/** No Update is open here: each is answered at once. */
const isLong = ({ pace }: SessionState): boolean => {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return (continueAsNewSuggested || historyLength > (pace?.events ?? Infinity)) && allHandlersFinished();
};

function listen(state: SessionState, tell: (run_id: string) => void): void {
  setHandler(turn, (request) => take(state, request), { validator: (request) => refuse(state, request) });
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
    if (run_id === state.flight?.turn.run_id) tell(run_id);
  });
}

const refusal = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);

function refuse(state: SessionState, { policy }: TurnRequest): void {
  if (policy === 'reject' && isBusy(state))
    throw refusal(
      'SessionBusy',
      'The session is answering another message. Wait for its end, or send with double_texting queue or interrupt.',
    );
  if (state.queue.length >= mostQueued)
    throw refusal('SessionFull', `${mostQueued} messages of the session wait already. Send this one later.`);
}

function take(state: SessionState, { policy, ...asked }: TurnRequest): TurnAccepted {
  const position = ++state.turns;
  if (policy === 'interrupt' && state.flight) {
    state.withdrawn.push(...state.queue.splice(0));
    state.interrupted = true;
  }
  state.queue.push({ ...asked, position });
  // One that begins at once is shown when it has begun.
  if (state.flight) show(state);
  return { run_id: asked.run_id, position };
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
  const { kind, conversation } = await startTurn({ session, conversation: state.conversation, ...what });
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
async function land(acts: Acts, state: SessionState, flight: Flight, told: () => string | undefined): Promise<void> {
  const { run_id, message } = flight.turn;
  if (!(await landed(acts, state, run_id, told))) return;
  const request = { run_id, conversation: state.conversation };
  const { conversation } = await acts.keepTurn(flight.kept ? request : { ...request, message });
  state.conversation = conversation;
  state.head = run_id;
  settle(state);
  show(state);
}

/** False: it has not ended, and a new timeline is due. */
async function landed({ checkTurn }: Acts, state: SessionState, run_id: string, told: () => string | undefined) {
  const firstMs = state.pace?.check_ms ?? checkMs;
  for (let waitedMs = 0; ;) {
    const waitMs = Math.min(Math.max(firstMs, waitedMs / 4), longestCheckMs);
    const heard = () => told() === run_id || state.interrupted === true || isLong(state);
    const isHeard = await condition(heard, waitMs);
    if (told() === run_id) return true;
    if (state.interrupted) {
      state.interrupted = undefined;
      // One that ended in the same moment has nothing to be cancelled.
      await getExternalWorkflowHandle(run_id)
        .cancel()
        .catch(() => {});
    } else if (isHeard) return false;
    else if ((await checkTurn(run_id)) !== 'open') return true;
    waitedMs += waitMs;
  }
}

async function takeBranch({ keepBranch }: Acts, state: SessionState): Promise<void> {
  if (!state.promoted) return;
  const { run_id, messages } = state.promoted;
  const { conversation } = await keepBranch(messages);
  state.conversation = conversation;
  state.head = run_id;
  state.promoted = undefined;
  show(state);
}

function show(state: SessionState): void {
  upsertMemo({ session: memoOf(state, new Date().toISOString()) });
}
