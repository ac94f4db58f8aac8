// What the tests of forking ask of the API, and a page for rag to read.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { z } from '@hono/zod-openapi';
import { checkpointId } from '../api/runs/checkpoint-id.ts';
import type { RunAnswer } from '../api/runs/shape.ts';
import type { restored } from '../api/runs/fork-shape.ts';
import { type ApiStage, type Body, catalogue, json, openApiStage } from './api-stage.ts';
import { branches, drafts, stuck } from './workflows/ways.ts';
import { openWorld, type World } from './world.ts';

export interface ForkStage {
  world: World;
  api: ApiStage;
  /** Of a page that tells of otters. */
  url: string;
  close(): Promise<void>;
}

export async function openForkStage(): Promise<ForkStage> {
  const site = createServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<title>Otters</title><body>Otters hold hands.</body>');
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  if (typeof address !== 'object' || !address) throw new Error('The site has no port.');
  const url = `http://127.0.0.1:${address.port}`;
  const world = await openWorld({ pages: { allow: [url] } });
  const api = await openApiStage(world, { catalogue: { ...catalogue, branches, drafts, stuck } });
  return {
    world,
    api,
    url,
    async close() {
      await api.close();
      await world.close();
      site.close();
    },
  };
}

export const question = (content: string) => ({ messages: [{ role: 'user', content }] });

/** The checkpoint of the step of that number. */
export function checkpointOf(run: RunAnswer, step: number): string {
  const at = run.steps.find(({ step_num }) => step_num === step)?.checkpoint;
  if (!at) throw new Error(`Run ${run.id} has no step ${step}.`);
  return checkpointId({ run: run.id, ...at });
}

export interface ForkAnswer {
  new_run_id: string;
  checkpoint_id: string;
  message: string;
}

export type RestoreAnswer = z.infer<typeof restored>;

/** Throws the whole answer when it is not a success. */
export async function post<T>(api: ApiStage, path: string, body?: unknown): Promise<T> {
  const answer = await api.ask('POST', path, body);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return json<T>(answer);
}

export async function refusal(api: ApiStage, path: string, body?: unknown): Promise<Body & { status: number }> {
  const answer = await api.ask('POST', path, body);
  return { ...(await json(answer)), status: answer.status };
}

export const forkAt = (api: ApiStage, checkpoint: string, modifications?: object, more: object = {}) =>
  post<ForkAnswer>(api, `/api/checkpoints/${checkpoint}/fork`, { modifications, ...more });

export const read = async (api: ApiStage, id: string): Promise<RunAnswer> =>
  json(await api.ask('GET', `/api/runs/${encodeURIComponent(id)}`));

export const ended = (api: ApiStage, id: string): Promise<RunAnswer> =>
  api.until(id, ({ completed_at }) => completed_at !== null);
