// Two users, a viewer and an admin, on one API that asks who they are; and tokens of every kind.
import { createAuth } from '../api/auth/auth.ts';
import { readKeys } from '../api/auth/keys.ts';
import type { JwtConfig } from '../api/auth/jwt.ts';
import { type ApiStage, openApiStage, type StageOptions } from './api-stage.ts';
import type { World } from './world.ts';

/** By name: the key is `key-of-<name>`. Bob is not bob, whatever visibility thinks of case. */
export const people = { ann: 'user', bob: 'user', Bob: 'user', vic: 'viewer', ada: 'admin' } as const;
export type Person = keyof typeof people;

export const keyOf = (person: Person): string => `key-of-${person}`;

const apiKeys = Object.entries(people).map(([name, role]) => `${name}:${role}:key-of-${name}`);

export function authOf(jwt?: JwtConfig) {
  const read = readKeys(apiKeys.join(','));
  if (!('keys' in read)) throw new Error(read.wrong);
  return createAuth({ keys: read.keys, ...(jwt && { jwt }) });
}

export interface AuthStage extends ApiStage {
  /** `ask` in somebody's name. */
  as(person: Person): ApiStage['ask'];
}

export async function openAuthStage(
  world?: World,
  options: StageOptions & { jwt?: JwtConfig } = {},
): Promise<AuthStage> {
  const { jwt, ...rest } = options;
  const api = await openApiStage(world, { auth: authOf(jwt), ...rest });
  return {
    ...api,
    as:
      (person) =>
      (method, path, body, headers = {}) =>
        api.ask(method, path, body, { authorization: `Bearer ${keyOf(person)}`, ...headers }),
  };
}
