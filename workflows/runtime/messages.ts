// The names by which the API, the CLI and the Web UI reach a run: messages, search attributes, memo keys.
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Opening } from '../../activities/journal/batch.ts';
import type { SpentReport } from '../../activities/attempt.ts';
import type { Spent } from '../../activities/spent.ts';
import type { Allowance, ChildTold } from './kin.ts';
import type { Account } from './ledger.ts';
import type { Limits } from './limits.ts';

export type PauseMode = 'drain' | 'now';
export type ResumeAction = 'continue' | 'regenerate';

export interface Answer {
  waiting_id: string;
  value: unknown;
}

/** One thing that a run waits for from a person. Stands in memo `waiting_for`, readable without a worker. */
export interface WaitingFor {
  waiting_id: string;
  /** The wait's name, as a step's. */
  name: string;
  kind: 'question' | 'approval' | 'budget';
  question: string;
  /** The tool call that a person is asked about; what of its arguments is too long for a memo is in the step's result. */
  tool?: string;
  tool_call_id?: string;
  args?: unknown;
  /** What becomes of the call when nobody answers in the time that there is for it. Absent: it is waited for. */
  on_timeout?: 'reject' | 'approve' | 'fail';
  /** ISO-8601 UTC. */
  since: string;
}

/** Signal `message`: a user's word to a running agent. */
export interface UserMessage {
  text: string;
  /** Absent: as the agent is configured. `reject`: it is not heard. */
  policy?: 'queue' | 'interrupt' | 'reject';
}

/** A name that somebody gave to a point of a run. */
export interface CheckpointName {
  description: string;
  tags: string[];
  /** Whoever gave it finds its event by it. */
  mark?: string;
}

/** Memo `forked`: where a fork comes from. It stays, whatever timeline the fork is in. */
export interface Forked {
  /** The checkpoint, as its source has it. */
  run: string;
  timeline: string;
  event: number;
  within?: string;
  description?: string;
}

export const pause = defineSignal<[PauseMode?]>('pause');
export const resume = defineSignal<[ResumeAction?]>('resume');
/** The run aborts its steps and goes on from the checkpoint, in place. */
export const restore = defineSignal<[Opening]>('restore');
/** Names the point at which the run is: it stands in history, and the run does nothing with it. */
export const nameCheckpoint = defineSignal<[CheckpointName]>('name_checkpoint');
export const spent = defineSignal<[SpentReport]>('spent');
/** The CLI's way to answer; a signal and an update may share a name. */
export const answerSignal = defineSignal<[Answer]>('answer');
/** Refused by its validator for an unknown or answered `waiting_id`: error type `NotWaiting`. */
export const answer = defineUpdate<{ accepted: true }, [Answer]>('answer');
/** New limits: what is left out stays, null takes one away. */
export const limits = defineSignal<[{ [name in keyof Limits]?: Limits[name] | null }]>('limits');
/** A child tells the run that has started it what it has spent, and asks for more. */
export const childSpent = defineSignal<[ChildTold]>('child_spent');
/** The run that has started this one tells it how far it may go. */
export const allowance = defineSignal<[Allowance]>('allowance');
export const message = defineSignal<[UserMessage]>('message');
export const state = defineQuery<RunStateView>('state');

/** RunState, the search attribute. `stopping`: a pause or cancel waits for steps in flight. */
export type RunState = 'running' | 'stopping' | 'paused' | 'waiting' | 'cancelling';

export interface RunStateView {
  state: RunState;
  waiting_for: WaitingFor[];
  steps_completed: number;
  in_flight: { step: string; name: string }[];
  /** The history is nearly full: nothing new is begun until what is in flight has ended. */
  full: boolean;
  usage: Spent;
  waste: Spent;
  /** What a fork was served, paid by the run that it comes from. */
  inherited: Spent;
  /** What its children have told; they tell it when there are limits. */
  children: Account;
  limits: Limits | null;
}

export const attributes = {
  Kind: defineSearchAttributeKey('Kind', SearchAttributeType.KEYWORD),
  Agent: defineSearchAttributeKey('Agent', SearchAttributeType.KEYWORD),
  Session: defineSearchAttributeKey('Session', SearchAttributeType.KEYWORD),
  Owner: defineSearchAttributeKey('Owner', SearchAttributeType.KEYWORD),
  User: defineSearchAttributeKey('User', SearchAttributeType.KEYWORD),
  RunState: defineSearchAttributeKey('RunState', SearchAttributeType.KEYWORD),
  ForkedFrom: defineSearchAttributeKey('ForkedFrom', SearchAttributeType.KEYWORD),
  RootRun: defineSearchAttributeKey('RootRun', SearchAttributeType.KEYWORD),
  SupersededState: defineSearchAttributeKey('SupersededState', SearchAttributeType.KEYWORD),
  Tags: defineSearchAttributeKey('Tags', SearchAttributeType.KEYWORD_LIST),
  CreatedAt: defineSearchAttributeKey('CreatedAt', SearchAttributeType.DATETIME),
};

/**
 * Memo keys. `waiting_for`: WaitingFor[]; `metadata`: the starter's JSON; `request`: sha256 of the start request
 * (Idempotency-Key); `query`: the input's first line for lists; `fork`: what the timeline begins with (activities/journal/batch.ts);
 * `forked`: Forked; `limits`: Limits as the run was started with, and never changed, for a fork replays what they led to;
 * `limits_now`: those that somebody has set since; `family`: Allowance, of a child.
 */
export type MemoKey =
  'waiting_for' | 'metadata' | 'request' | 'query' | 'fork' | 'forked' | 'limits' | 'limits_now' | 'family';

/** Workflows, their activities and their signals share this task queue. */
export const taskQueue = 'waymark';

/** Journals are read on a task queue of their own: they hold no slot of a step. */
export const journalQueue = (queue: string): string => `${queue}-journal`;
