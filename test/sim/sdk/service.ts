/**
 * A node as clients meet it: the server's own routes, validation, admission, authentication, problem documents and live streams
 * over a messenger of the simulation. Only HTTP itself is left out: requests are injected, and a stream is written to a `Wire`.
 */
import Fastify, { type FastifyRequest } from 'fastify';
import type { UserUuid } from '#domain/ids';
import type { Messenger } from '#messenger/messenger';
import { createAdmission } from '#server/admission';
import type { App } from '#server/app-types';
import { callOf, createAuthenticator, unauthenticated, type Verified } from '#server/auth/verify';
import { readJsonBody } from '#server/json-body';
import { createLiveStreams } from '#server/live-streams';
import { replyWithProblem } from '#server/problem-replies';
import { conversationRoutes } from '#server/routes/conversations';
import { messageRoutes } from '#server/routes/messages';
import { peopleRoutes } from '#server/routes/people';
import { createStreams, type Wire } from '#server/sse';
import { createValidatorCompiler } from '#server/validation';
import type { Node } from '../nodes.ts';
import type { World } from '../world.ts';

/** The rates of the default configuration for a user; the people of the simulation share one address. */
const rateLimits = { perUser: 20, perAddress: 10_000 };
/** Longer than the clocks of nodes differ, short enough to run out now and then. */
const tokenLifeMs = 10 * 60_000;
const wireHeader = 'x-wire';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A token that the services of the simulation take, made at a time. */
export const tokenOf = (user: string, now: number): string => `${user}|${now + tokenLifeMs}`;

const verify = async (token: string): Promise<Verified> => {
  const [user = '', expires] = token.split('|');
  if (!(Number(expires) > 0)) throw unauthenticated('The token is not valid.');
  return { user: user as UserUuid, expires: Number(expires) };
};

/** What of a service is a node's own, and goes with it when it crashes. */
interface Standing {
  readonly node: Node;
  readonly admission: ReturnType<typeof createAdmission>;
  readonly live: ReturnType<typeof createLiveStreams>;
}

/** One compiled set of routes. Compiling takes longer than a run, so a slot serves one node after the other. */
interface Slot {
  readonly app: App;
  /** Streams about to be opened, by the number their request names. */
  readonly wires: Map<string, Wire>;
  standing: Standing | undefined;
}

const mustStand = (slot: Slot): Standing => {
  if (slot.standing === undefined) throw new Error('no node stands behind these routes');
  return slot.standing;
};

const createSlot = async (): Promise<Slot> => {
  const app = Fastify({ exposeHeadRoutes: false, routerOptions: { maxParamLength: 200 } }) as unknown as App;
  const slot: Slot = { app, wires: new Map(), standing: undefined };
  const now = (): number => mustStand(slot).node.now();
  const messenger = new Proxy({} as Messenger, {
    get: (_, name) => mustStand(slot).node.messenger[name as keyof Messenger],
  });
  app.decorateRequest('verified', null);
  app.setValidatorCompiler(createValidatorCompiler());
  app.setErrorHandler((error, request, reply) => replyWithProblem(request, reply, error));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) =>
      readJsonBody(bytes, request.routeOptions.schema?.body !== undefined),
  );
  app.addHook('onRequest', async (request, reply) => mustStand(slot).admission.user(request, reply));
  const needs = { messenger, callOf: (request: FastifyRequest) => callOf(request, now) };
  messageRoutes(app, needs);
  conversationRoutes(app, needs);
  peopleRoutes(app, needs, now);
  app.get('/v1/events', async (request, reply) => {
    const wire = slot.wires.get(String(request.headers[wireHeader]));
    const { verified } = request;
    if (wire === undefined || verified === null) throw unauthenticated('Send a token.');
    mustStand(slot).live.open(verified.user, verified.expires, wire);
    return reply.code(204).send();
  });
  await app.ready();
  return slot;
};

const free: Slot[] = [];

export interface Service {
  readonly node: Node;
  ask(request: Request): Promise<Answer>;
  /** Admits and opens the stream on the wire: undefined; otherwise the refusal. */
  open(request: Request, wire: Wire): Promise<Answer | undefined>;
}

export interface Services {
  /** The services of the fleet's nodes as they are now; a node that was started anew has a new one. */
  of(nodes: readonly Node[]): readonly Service[];
  /** Gives the routes back, for the next run. */
  close(): void;
}

export const createServices = async (world: World, count: number): Promise<Services> => {
  while (free.length < count) free.push(await createSlot());
  const slots = free.splice(0, count);
  const services: (Service | undefined)[] = slots.map(() => undefined);
  let wires = 0;

  const start = (slot: Slot, node: Node): Service => {
    const { now } = node;
    const timers = {
      every: (ms: number, run: () => void) => world.every(ms, run),
      after: (ms: number, run: () => void) => world.after(ms, run),
    };
    slot.standing = {
      node,
      admission: createAdmission({
        authenticate: createAuthenticator(verify, node.messenger, now),
        rateLimits,
        now,
        stopping: () => false,
        late: () => false,
      }),
      live: createLiveStreams(node.messenger, createStreams(now, world.random, timers)),
    };
    const ask = async ({ method, path, headers, body }: Request): Promise<Answer> => {
      const payload = body === undefined ? {} : { payload: body };
      const answer = await slot.app.inject({ method: method as 'GET', url: path, headers, ...payload });
      const answered = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
      return { status: answer.statusCode, headers: Object.fromEntries(answered), body: answer.body };
    };
    return {
      node,
      ask,
      open: async (request, wire) => {
        wires += 1;
        const name = String(wires);
        slot.wires.set(name, wire);
        const answer = await ask({ ...request, headers: { ...request.headers, [wireHeader]: name } });
        slot.wires.delete(name);
        return answer.status === 204 ? undefined : answer;
      },
    };
  };

  return {
    of: (nodes) =>
      nodes.map((node, index) => {
        const slot = slots[index];
        if (slot === undefined) throw new Error('more nodes than services');
        const known = services[index];
        const service = known?.node === node ? known : start(slot, node);
        services[index] = service;
        return service;
      }),
    close: () => {
      free.push(...slots);
    },
  };
};
