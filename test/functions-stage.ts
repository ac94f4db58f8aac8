// Functions with everything real but the model: sandbox, worker, API; and tasks with what a model once answered to them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { frame } from '../activities/functions/given.ts';
import type { Sandbox } from '../activities/sandbox/sandbox.ts';
import { type ApiStage, json, openApiStage, type StageOptions } from './api-stage.ts';
import { openTestSandbox } from './sandbox-stage.ts';
import { functionsIn, openWorld, type World } from './world.ts';

export interface FunctionsStage {
  sandbox: Sandbox;
  world: World;
  api: ApiStage;
  /** Creates the task of a fixture and gives its id. */
  create(fixture: Fixture): Promise<string>;
  /** Its metadata.json. */
  kept(id: string): unknown;
  close(): Promise<void>;
}

export async function openFunctionsStage(options: StageOptions = {}): Promise<FunctionsStage> {
  const sandbox = await openTestSandbox();
  const world = await openWorld({ sandbox });
  const api = await openApiStage(world, { sandbox, ...options });
  return {
    sandbox,
    world,
    api,
    async create({ desired_action, task_type, answer }) {
      world.openai.script({ match: desired_action, text: answer });
      const created = await api.ask('POST', '/api/task/create', { desired_action, task_type });
      if (created.status !== 200) throw new Error(`${created.status} ${await created.text()}`);
      return (await json<{ task_id: string }>(created)).task_id;
    },
    kept: (id) => JSON.parse(readFileSync(join(functionsIn(world.data), id, 'metadata.json'), 'utf8')),
    async close() {
      await api.close();
      await world.close();
      await sandbox.close();
    },
  };
}

const folder = fileURLToPath(new URL('./functions/', import.meta.url));

const fixture = z.object({
  desired_action: z.string(),
  task_type: z.enum(['input', 'passthrough']),
  calls: z.array(
    z.object({
      inputs: z.record(z.string(), z.unknown()),
      input1: frame.optional(),
      result: frame,
      stdout: z.string().default(''),
    }),
  ),
});

/** `answer`: what the model says, as models say such things. */
export type Fixture = z.infer<typeof fixture> & { name: string; answer: string };

export const fixtures: Fixture[] = readdirSync(folder).map((name) => ({
  name,
  ...fixture.parse(JSON.parse(readFileSync(`${folder}${name}/task.json`, 'utf8'))),
  answer: readFileSync(`${folder}${name}/answer.txt`, 'utf8'),
}));

export function fixtureOf(name: string): Fixture {
  const found = fixtures.find((one) => one.name === name);
  if (!found) throw new Error(`There is no fixture ${name}.`);
  return found;
}

/** An answer of the model as it should be, with that code. */
export const answerWith = (code: string, more: object = {}): string =>
  JSON.stringify({ task_name: 'A test', user_inputs: {}, packages_used: [], python_function: code, ...more });
