/**
 * The one path by which a request becomes a user's (SEC-1): bearer token, verified once and then remembered until it expires,
 * then whether that user is served at all (USER-3), on every request.
 */
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { ParleyError } from '#domain/errors';
import type { Handle, UserUuid } from '#domain/ids';
import type { Call, Messenger } from '#messenger/messenger';

/** What a valid token says. */
export interface Verified {
  readonly user: UserUuid;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** How to provision a user who is seen for the first time; absent: an unknown user is refused. */
  readonly wish?: { readonly handle: Handle; readonly display_name?: string };
}

/** Rejects with `unauthenticated` for what is not a valid token, `unavailable` when it cannot be told. */
export type VerifyToken = (token: string) => Promise<Verified>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null until authenticated. */
    verified: Verified | null;
  }
}

/** Verified tokens kept: a token is about 1 KB, so this bounds them at about 10 MB. */
const tokensMax = 10_000;
/** Longer than any token of an issuer we trust. */
const tokenCharactersMax = 4_096;
/** How long a request may take before its answer is of no use; carried down to the table. */
export const requestDeadlineMs = 10_000;

export const unauthenticated = (detail: string, cause?: unknown): ParleyError =>
  new ParleyError('unauthenticated', detail, { cause });

const bearerOf = (header: string | undefined): string => {
  const token = header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim() : '';
  if (token === '') throw unauthenticated('Send a token: Authorization: Bearer …');
  if (token.length > tokenCharactersMax) throw unauthenticated('The token is not valid.');
  return token;
};

/**
 * @param now milliseconds since the epoch.
 * @returns a function that gives what the request's token says, at once where token and user are known; throws a ParleyError, or
 *   rejects with one.
 */
export const createAuthenticator = (verify: VerifyToken, messenger: Messenger, now: () => number) => {
  const known = new LRUCache<string, Verified>({ max: tokensMax });
  const mustBeServed = async (verified: Verified): Promise<Verified> => {
    const deadline = now() + requestDeadlineMs;
    const standing = await messenger.isServed(verified.user, deadline);
    if (standing === 'active') return verified;
    if (standing === 'unknown' && verified.wish !== undefined) {
      await messenger.provision(verified.user, { ...verified.wish, flexible: true }, deadline);
      return verified;
    }
    throw unauthenticated('This user is not served.');
  };
  const served = (token: string, verified: Verified): Verified | Promise<Verified> => {
    if (verified.expires <= now()) {
      known.delete(token);
      throw unauthenticated('The token has expired.');
    }
    return messenger.isKnownActive(verified.user) ? verified : mustBeServed(verified);
  };
  return (request: FastifyRequest): Verified | Promise<Verified> => {
    const token = bearerOf(request.headers.authorization);
    const verified = known.get(token);
    if (verified !== undefined) return served(token, verified);
    return verify(token).then((fresh) => {
      known.set(token, fresh);
      return served(token, fresh);
    });
  };
};

/** The call of an authenticated request, with its deadline. Throws when the route forgot to authenticate. */
export const callOf = (request: FastifyRequest, now: () => number): Call => {
  if (request.verified === null) throw unauthenticated('Send a token: Authorization: Bearer …');
  return { user: request.verified.user, deadline: now() + requestDeadlineMs };
};
