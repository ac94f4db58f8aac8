// The routes that go on from a recorded point: fork, restore, dry run; that name one; and the tree of what came of it.
import { createRoute, z } from '@hono/zod-openapi';
import { failure, json } from '../answers.ts';
import { limitDepth, noEmptyBody } from '../body.ts';
import type { Api, Core } from '../deps.ts';
import { dryRun } from './dry-run.ts';
import { fork, newestCheckpoint } from './fork.ts';
import { type ForkRequest, forkBody, nameBody, restoreBody } from './fork-request.ts';
import { forkAnswer, named, restored, tree } from './fork-shape.ts';
import { nameCheckpoint } from './name-checkpoint.ts';
import { restoreInPlace } from './restore.ts';
import { runId } from './routes.ts';
import { readTree } from './tree.ts';
import { readCheckpointId } from './checkpoint-id.ts';

export const checkpointParam = z.object({ id: z.string().openapi({ description: "The checkpoint's id." }) });

const wrong = {
  400: failure(400),
  404: failure(404),
  409: failure(409),
  413: failure(413),
  415: failure(415),
  422: failure(422),
  503: failure(503),
};

const optional = <T extends z.ZodType>(schema: T) => ({ required: false, content: { 'application/json': { schema } } });

const tags = ['Checkpoints'];
const forkDescription =
  'A new run that starts from there, with changes if you like. What is recorded is not done again, and the source ' +
  'goes on untouched. With `dry_run` nothing is forked: the answer tells what a fork would do.';

const forkCheckpoint = createRoute({
  method: 'post',
  path: '/api/checkpoints/{id}/fork',
  tags,
  summary: 'Fork a run at a checkpoint',
  description: forkDescription,
  middleware: [limitDepth, noEmptyBody] as const,
  request: { params: checkpointParam, body: optional(forkBody) },
  responses: { 200: json('The new run, or what it would be', forkAnswer), ...wrong },
});

const forkRun = createRoute({
  method: 'post',
  path: '/api/runs/{id}/fork',
  tags,
  summary: 'Fork a run at its newest step',
  description:
    `${forkDescription} A run without a completed step is forked as it is now, or, when it has ended, from its ` +
    'beginning.',
  middleware: [limitDepth, noEmptyBody] as const,
  request: { params: runId, body: optional(forkBody) },
  responses: { 200: json('The new run, or what it would be', forkAnswer), ...wrong },
});

const restore = createRoute({
  method: 'post',
  path: '/api/checkpoints/{id}/restore',
  tags,
  summary: 'Restore a run to a checkpoint',
  description:
    'To a new run (a fork), or in place: then what it leaves stays readable as an earlier timeline. In place the fit ' +
    'is checked first: when it does not fit, nothing changes.',
  middleware: [limitDepth, noEmptyBody] as const,
  request: { params: checkpointParam, body: optional(restoreBody) },
  responses: { 200: json('Restored', restored), ...wrong },
});

const name = createRoute({
  method: 'post',
  path: '/api/runs/{id}/checkpoints',
  tags,
  summary: 'Name the point at which a run is',
  middleware: [limitDepth] as const,
  request: { params: runId, body: { required: true, content: { 'application/json': { schema: nameBody } } } },
  responses: { 201: json('The checkpoint', named), ...wrong },
});

const nameAlias = createRoute({
  ...name,
  path: '/api/checkpoints/runs/{id}/checkpoints',
  summary: 'Name the point at which a run is (alias)',
});

const readFamily = createRoute({
  method: 'get',
  path: '/api/runs/{id}/tree',
  tags,
  summary: 'The family of a run',
  description: 'All runs that were forked, directly or not, from the same root: who from whom and where, status, cost.',
  request: { params: runId },
  responses: { 200: json('The family', tree), 404: failure(404), 503: failure(503) },
});

export function addForks(app: Api, deps: Core): void {
  const forkAt = async (id: string, { dry_run, ...request }: ForkRequest) => {
    if (dry_run) return dryRun(deps, id, request.modifications);
    return { ...(await fork(deps, id, request)), message: 'Forked successfully' as const };
  };

  app.openapi(forkCheckpoint, async (c) => c.json(await forkAt(c.req.valid('param').id, c.req.valid('json')), 200));

  app.openapi(forkRun, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await forkAt(await newestCheckpoint(deps, id), c.req.valid('json')), 200);
  });

  app.openapi(restore, async (c) => {
    const { id } = c.req.valid('param');
    const { create_new_run = true, force, ...request } = c.req.valid('json');
    const made = create_new_run ? await fork(deps, id, request) : await restoreInPlace(deps, id, { force, ...request });
    const run_id = readCheckpointId(id)?.run ?? made.new_run_id;
    return c.json({ ...made, run_id, message: 'Restored successfully' as const }, 200);
  });

  app.openapi(name, async (c) => c.json(await nameCheckpoint(deps, c.req.valid('param').id, c.req.valid('json')), 201));
  app.openapi(nameAlias, async (c) =>
    c.json(await nameCheckpoint(deps, c.req.valid('param').id, c.req.valid('json')), 201),
  );

  app.openapi(readFamily, async (c) => c.json(await readTree(deps, c.req.valid('param').id), 200));
}
