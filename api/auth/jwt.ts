// JSON Web Tokens: signed with a shared secret, or by somebody whose public keys stand at an address.
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { ApiError } from '../errors.ts';
import type { Known } from './caller.ts';
import { isRole } from './keys.ts';

export interface JwtConfig {
  /** HS256. */
  secret?: string;
  /** Where the public keys are: https://www.rfc-editor.org/rfc/rfc7517#section-5 */
  jwksUrl?: string;
  /** Asked of every token when set. */
  issuer?: string;
  /** One of them. */
  audience?: readonly string[];
}

/** Undefined: it proves nothing. Throws ApiError 503 when the keys that it could be proved with cannot be had. */
export type CheckJwt = (token: string) => Promise<Known | undefined>;

/** A secret is never tried on what says to be signed with a key pair, nor a public key as a secret. */
const symmetric = ['HS256'];
const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

export function createJwtCheck({ secret, jwksUrl, issuer, audience }: JwtConfig): CheckJwt {
  const bytes = secret === undefined ? undefined : new TextEncoder().encode(secret);
  const publicKey = jwksUrl === undefined ? undefined : publicKeysAt(jwksUrl);
  const demanded: JWTVerifyOptions = {
    requiredClaims: ['sub', 'role', 'exp'],
    ...(issuer !== undefined && { issuer }),
    ...(audience && audience.length > 0 && { audience: [...audience] }),
  };
  return async (token) => {
    try {
      const { alg = '' } = decodeProtectedHeader(token);
      if (bytes && symmetric.includes(alg))
        return knownIn(await jwtVerify(token, bytes, { ...demanded, algorithms: symmetric }));
      if (publicKey && asymmetric.includes(alg))
        return knownIn(await jwtVerify(token, publicKey, { ...demanded, algorithms: asymmetric }));
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      return undefined;
    }
  };
}

/** Kept, and read anew for a key that is not among them, at most twice a minute. */
function publicKeysAt(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url));
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (ofToken.some((fault) => error instanceof fault)) throw error;
      throw keysAway(error);
    }
  };
}

/** It names a key that is not there, or none where there are several. */
const ofToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys];

function knownIn({ payload: { sub, role } }: { payload: Record<string, unknown> }): Known | undefined {
  return typeof sub === 'string' && sub.isWellFormed() && sub !== '' && isRole(role) ? { name: sub, role } : undefined;
}

const keysAway = (cause: unknown): ApiError =>
  new ApiError(503, 'keys_unavailable', 'The public keys at AUTH_JWKS_URL cannot be read now. Try again.', {
    headers: { 'Retry-After': '5' },
    cause,
  });
