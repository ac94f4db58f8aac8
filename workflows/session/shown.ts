// What a session shows of itself, and when it goes on in a new timeline.
import { allHandlersFinished, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { memoOf, type SessionState } from './state.ts';

export const memoNow = (state: SessionState) => ({ session: memoOf(state, new Date().toISOString()) });

export function show(state: SessionState): void {
  upsertMemo(memoNow(state));
}

/** No Update is open here: each is answered at once. */
export function isLong({ pace }: SessionState): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return (continueAsNewSuggested || historyLength > (pace?.events ?? Infinity)) && allHandlersFinished();
}
