// Auth, when it is on: finds out who sends a token.
import type { Known } from './caller.ts';
import { createJwtCheck, type JwtConfig } from './jwt.ts';
import { type ApiKey, ownerOfKey } from './keys.ts';

export interface Auth {
  /** Undefined: it proves nothing. Throws ApiError 503 when it cannot be told now. */
  identify(token: string): Promise<Known | undefined>;
}

export interface AuthConfig {
  keys: readonly ApiKey[];
  /** Absent: a JWT proves nothing. */
  jwt?: JwtConfig;
}

/** Undefined: nothing is configured, auth is off. */
export function createAuth({ keys, jwt }: AuthConfig): Auth | undefined {
  const check = jwt && (jwt.secret !== undefined || jwt.jwksUrl !== undefined) ? createJwtCheck(jwt) : undefined;
  if (keys.length === 0 && !check) return undefined;
  return {
    // A token of any length is hashed; a JWT longer than a header may be never comes here.
    identify: async (token) => ownerOfKey(keys, token) ?? (await check?.(token)),
  };
}
