// Starts a run: one call to Temporal, which needs no worker.
import { type WorkflowExecutionDescription, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import { attributes, type MemoKey } from '../../workflows/runtime/messages.ts';
import { type Entry, find } from '../catalogue.ts';
import { withDeadline } from '../deadline.ts';
import type { Core } from '../deps.ts';
import { ofZod } from '../envelope.ts';
import { ApiError, wrongFields } from '../errors.ts';
import { requireFunction } from '../auth/function.ts';
import { requireSession } from '../auth/session.ts';
import { describe } from './describe.ts';
import { digestOf, runIdOf } from './idempotency.ts';
import { stored } from './keyword.ts';
import { firstLine, questionOf } from './question.ts';
import type { StartRequest } from './request.ts';
import { uuidv7 } from './uuid.ts';

export interface Start {
  workflow: string;
  request: StartRequest;
  /** Of the header Idempotency-Key. */
  key?: string;
}

/** By whom it is found: an agent's name, a session and a user as clients name them. */
export interface Labels {
  agent?: string;
  session?: string;
  user?: string;
  /** To whom it belongs, as search attributes have it. */
  owner?: string;
}

export interface RunStart {
  id: string;
  workflow: string;
  request: StartRequest;
  labels?: Labels;
  /** sha256 of what an Idempotency-Key stands for. */
  digest?: string;
}

export type Started =
  /** `timeline`: its Temporal Run Id. */
  | { kind: 'new'; id: string; timeline: string }
  /** The key's run, started before with the same request. */
  | { kind: 'known'; id: string; run: WorkflowExecutionDescription };

/** Throws ApiError: 404 unknown workflow, 422 wrong input or an id beside a key, 409 id taken or key used for another request. */
export async function startRun(deps: Core, { workflow, request, key }: Start): Promise<Started> {
  const entry = find(deps.catalogue, workflow);
  if (!entry) throw new ApiError(404, 'workflow_not_found', `Workflow '${workflow}' not found`);
  if (key !== undefined && request.run_id !== undefined) throw namedTwice();
  if (deps.owner() !== undefined && isOthers(request.run_id)) throw notARunsName();
  await check(entry, request.input);
  requireSession(deps, entry, request.input);
  await requireFunction(deps, entry, request.input);
  const now = (deps.clock ?? Date.now)();
  const id = request.run_id ?? (key === undefined ? uuidv7(now) : runIdOf(deps.owner(), key));
  const digest = key === undefined ? undefined : digestOf({ workflow, request });
  return beginRun(deps, { id, workflow, request, digest });
}

/** Throws ApiError 409 when the id is taken by another run, or the digest is another one. */
export async function beginRun(deps: Core, start: RunStart): Promise<Started> {
  const { id, workflow, digest } = start;
  const labels = { ...start.labels, owner: deps.owner() };
  const place = { ...deps, eagerStart: deps.config.eagerStart };
  return withDeadline(deps, async () => {
    try {
      const handle = await deps.client.workflow.start(workflow, startOptions(place, { ...start, labels }));
      return { kind: 'new', id, timeline: handle.firstExecutionRunId };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return known(deps, id, digest);
      throw error;
    }
  });
}

async function check(entry: Entry, input: unknown): Promise<void> {
  const { error } = await entry.input.safeParseAsync(input ?? {});
  if (!error) return;
  throw wrongFields(
    ...ofZod(error, 'json').map(({ loc, ...rest }) => ({ ...rest, loc: ['body', 'input', ...loc.slice(1)] })),
  );
}

/** Workflow Ids of sessions, agents and checks: with auth on nobody takes somebody else's away. */
const isOthers = (id: string | undefined): boolean => id !== undefined && /^(session[:@]|agent:|check-)/.test(id);

const notARunsName = (): ApiError =>
  wrongFields({
    loc: ['body', 'run_id'],
    msg: 'Must not begin like the ids of sessions, agents and checks: session:, session@, agent:, check-.',
    type: 'reserved',
  });

/** With both, one key would name as many runs as there are ids. */
const namedTwice = (): ApiError =>
  wrongFields({
    loc: ['body', 'run_id'],
    msg: 'Idempotency-Key names the run already: leave one of the two out.',
    type: 'named_twice',
  });

export async function known(deps: Core, id: string, digest: string | undefined): Promise<Started> {
  if (digest === undefined)
    throw new ApiError(409, 'run_id_taken', `There is a run '${id}' already. Choose another run_id.`);
  const run = await describe(deps, id);
  const request: MemoKey = 'request';
  if (run?.memo?.[request] === digest) return { kind: 'known', id, run };
  throw new ApiError(
    409,
    'idempotency_key_reused',
    `This Idempotency-Key has started run '${id}' with another request. Use a new key for a new request.`,
  );
}

/** Temporal's: the lower number goes first, 3 is its default. */
const priorityKeys = { high: 1, normal: 3, low: 5 };

export interface StartPlace {
  taskQueue: string;
  /** Ask for the first workflow task with the start: for a client on a worker's own connection. */
  eagerStart: boolean;
  clock?: () => number;
}

/** For the client's `start`. */
export function startOptions({ taskQueue, eagerStart, clock = Date.now }: StartPlace, start: RunStart) {
  const { id, workflow, request, labels = {}, digest } = start;
  const { input = {}, tags, priority, metadata, limits } = request;
  const question = questionOf(input);
  const memo: Partial<Record<MemoKey, unknown>> = {
    ...(question !== null && { query: firstLine(question, 200) }),
    ...(metadata && { metadata }),
    ...(limits && { limits }),
    ...(digest !== undefined && { request: digest }),
  };
  return {
    workflowId: id,
    taskQueue,
    args: [input],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    requestEagerStart: eagerStart,
    priority: { priorityKey: priorityKeys[priority ?? 'normal'] },
    memo,
    typedSearchAttributes: attributesOf(id, tags, labels, clock()),
    // Temporal takes 400 bytes: a code unit has up to three.
    staticSummary: firstLine(question ?? workflow, 120),
    staticDetails: `Workflow \`${workflow}\`, started through the API. Its steps carry their names; what it does now stands under *Current Details*.`,
  } as const;
}

function attributesOf(id: string, tags: string[] | undefined, { agent, session, user, owner }: Labels, now: number) {
  const named: [typeof attributes.Agent, string | undefined][] = [
    [attributes.Agent, agent],
    [attributes.Session, session],
    [attributes.User, user],
  ];
  const pairs: SearchAttributePair[] = [
    { key: attributes.Kind, value: 'run' },
    { key: attributes.RunState, value: 'running' },
    { key: attributes.RootRun, value: stored(id).slice(0, 255) },
    { key: attributes.CreatedAt, value: new Date(now) },
    ...(tags && tags.length > 0 ? [{ key: attributes.Tags, value: [...new Set(tags.map(stored))] }] : []),
    ...(owner === undefined ? [] : [{ key: attributes.Owner, value: owner }]),
    ...named.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: stored(value) }])),
  ];
  return pairs;
}
