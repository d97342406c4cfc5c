/** Access tokens of a Cognito user pool: signature, issuer, client, expiry and use (SEC-1). */
import { performance } from 'node:perf_hooks';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { type Fetcher, SimpleFetcher } from 'aws-jwt-verify/https';
import type { Jwks } from 'aws-jwt-verify/jwk';
import { ParleyError } from '#domain/errors';
import { type Handle, handle, userUuid } from '#domain/ids';
import { createPoolKeys, KeysUnavailable } from './pool-keys.ts';
import { unauthenticated, type VerifyToken } from './verify.ts';

export interface CognitoPool {
  readonly userPoolId: string;
  readonly clientId: string;
  /** The pool's key set, where it is given and not fetched. */
  readonly jwks?: Jwks;
}

/** A handle out of a Cognito user name: what a handle may have of it, or one made of the user's uuid. */
export const handleWish = (username: string, user: string): Handle => {
  const wished = handle(
    username
      .replace(/@.*$/, '')
      .replaceAll(/[^A-Za-z0-9_]/g, '_')
      .slice(0, 30),
  );
  const made = handle(`user_${user.slice(0, 8)}`);
  if (made === undefined) throw new Error('a uuid gives a handle');
  // A user name that is the uuid itself (sign-in by e-mail address) is no name for people.
  return wished === undefined || username === user ? made : wished;
};

/**
 * @param fetcher fetches the pool's keys.
 * @param now milliseconds, of a clock that never goes back: how long ago they were fetched.
 */
export const createCognitoVerifier = (
  { userPoolId, clientId, jwks }: CognitoPool,
  fetcher: Fetcher = new SimpleFetcher(),
  now: () => number = () => performance.now(),
): VerifyToken => {
  const jwksCache = createPoolKeys(fetcher, now);
  const verifier = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: 'access' }, { jwksCache });
  if (jwks !== undefined) verifier.cacheJwks(jwks);
  return async (token) => {
    const payload = await verifier.verify(token).catch((error: unknown) => {
      if (error instanceof KeysUnavailable)
        throw new ParleyError('unavailable', "The user pool's keys cannot be read just now.", { cause: error });
      throw unauthenticated('The token is not valid.', error);
    });
    const user = userUuid(payload.sub);
    if (user === undefined) throw unauthenticated('The token is not valid.');
    return { user, expires: payload.exp * 1_000, wish: { handle: handleWish(payload.username, user) } };
  };
};
