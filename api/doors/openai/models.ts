// Agents as models: https://platform.openai.com/docs/api-reference/models
import { unlessAbsent } from '../../absent.ts';
import { requireAgent } from '../../agents/change.ts';
import { listAgents } from '../../agents/list.ts';
import type { Core } from '../../deps.ts';
import { modelNotFound } from './refusal.ts';
import { seconds } from './response.ts';

/** More than anybody has. */
const all = { limit: Number.MAX_SAFE_INTEGER, offset: 0 };

export async function listModels(deps: Core) {
  const { items } = await listAgents(deps, undefined, all);
  return { object: 'list', data: items.filter(({ enabled }) => enabled).map(modelOf) };
}

/** Throws ApiError 404. */
export async function readModel(deps: Core, name: string) {
  const found = await unlessAbsent(requireAgent(deps, name));
  if (!found?.definition.enabled) throw modelNotFound(name);
  return modelOf(found.definition);
}

const modelOf = ({ name, created_at }: { name: string; created_at: string }) => ({
  id: name,
  object: 'model',
  created: seconds(created_at),
  owned_by: 'waymark',
});
