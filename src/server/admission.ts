/**
 * What every request passes before anything is done for it: the server's own load, the address's rate, who it is, the user's
 * rate (SEC-6). All of it is arithmetic in memory but the token's first verification.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ParleyError } from '#domain/errors';
import type { Verified } from './auth/verify.ts';
import { type Allowance, createRateLimit, subscriberOf } from './rate-limits.ts';

export interface AdmissionNeeds {
  readonly authenticate: (request: FastifyRequest) => Verified | Promise<Verified>;
  readonly rateLimits: { readonly perUser: number; readonly perAddress: number };
  readonly now: () => number;
  readonly stopping: () => boolean;
  /** Whether the event loop is too late for what it has. */
  readonly late: () => boolean;
}

/**
 * Requests being answered at one time. At a few thousand a second this many are done within the deadline; more would wait
 * past it, so they are better refused at once.
 */
const inFlightMax = 4_000;

const show = (reply: FastifyReply, allowance: Allowance): void => {
  reply.header('ratelimit-limit', allowance.limit);
  reply.header('ratelimit-remaining', allowance.remaining);
  reply.header('ratelimit-reset', allowance.reset);
};

const limited = (reply: FastifyReply, allowance: Allowance, whose: string): void => {
  if (allowance.allowed) return;
  show(reply, allowance);
  throw new ParleyError('rate_limited', `Too many requests from this ${whose}.`, {
    retryAfterSeconds: allowance.reset,
  });
};

/** Refuses an address that asks for more than it may; for what is not of the contract, the documents and the web app. */
export const limitAddresses = (perSecond: number, now: () => number) => {
  const ofAddress = createRateLimit(perSecond, now);
  return (request: FastifyRequest, reply: FastifyReply): void =>
    limited(reply, ofAddress(subscriberOf(request.ip)), 'address');
};

export const createAdmission = ({ authenticate, rateLimits, now, stopping, late }: AdmissionNeeds) => {
  const ofAddress = createRateLimit(rateLimits.perAddress, now);
  const ofUser = createRateLimit(rateLimits.perUser, now);
  let inFlight = 0;

  const admit = (request: FastifyRequest, reply: FastifyReply): Allowance => {
    if (stopping()) {
      reply.header('connection', 'close');
      throw new ParleyError('unavailable', 'The server is stopping.');
    }
    if (inFlight > inFlightMax || late())
      throw new ParleyError('overloaded', 'The server has too much to do just now.', { retryAfterSeconds: 2 });
    const allowance = ofAddress(subscriberOf(request.ip));
    limited(reply, allowance, 'address');
    return allowance;
  };

  const enter = (request: FastifyRequest, reply: FastifyReply, verified: Verified): void => {
    request.verified = verified;
    const allowance = ofUser(verified.user);
    limited(reply, allowance, 'user');
    show(reply, allowance);
  };

  return {
    /** For routes without a token. */
    anybody: (request: FastifyRequest, reply: FastifyReply): void => show(reply, admit(request, reply)),
    /** For all others: also who it is. Nothing to wait for when that is known at once. Throws or rejects with a ParleyError. */
    user: (request: FastifyRequest, reply: FastifyReply): Promise<void> | undefined => {
      admit(request, reply);
      const verified = authenticate(request);
      if (verified instanceof Promise) return verified.then((one) => enter(request, reply, one));
      enter(request, reply, verified);
      return undefined;
    },
    began: (): void => {
      inFlight += 1;
    },
    ended: (): void => {
      inFlight -= 1;
    },
    inFlight: () => inFlight,
  };
};
