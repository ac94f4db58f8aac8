// JSON Web Tokens: signed with a shared secret, or by somebody whose public keys stand at an address.
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify, type JWTVerifyOptions } from 'jose';
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
  const remote = jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(jwksUrl));
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
      if (remote && asymmetric.includes(alg))
        return knownIn(await jwtVerify(token, remote, { ...demanded, algorithms: asymmetric }));
      return undefined;
    } catch (error) {
      if (isAway(error)) throw keysAway(error);
      return undefined;
    }
  };
}

function knownIn({ payload: { sub, role } }: { payload: Record<string, unknown> }): Known | undefined {
  return typeof sub === 'string' && sub.isWellFormed() && sub !== '' && isRole(role) ? { name: sub, role } : undefined;
}

/** Whatever is no fault of the token's: its own are subclasses; of a fetch that fails, fetch's own error comes. */
const isAway = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  (error instanceof errors.JOSEError ? error.code === 'ERR_JOSE_GENERIC' : isFetchFault(error));

const isFetchFault = (error: unknown): boolean =>
  error instanceof TypeError && (error.cause !== undefined || error.message === 'fetch failed');

const keysAway = (cause: unknown): ApiError =>
  new ApiError(503, 'keys_unavailable', 'The public keys at AUTH_JWKS_URL cannot be read now. Try again.', {
    headers: { 'Retry-After': '5' },
    cause,
  });
