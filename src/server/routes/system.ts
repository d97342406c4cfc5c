/**
 * What machines and newcomers ask without a token: is it alive, is it ready, how does one sign in, what does it offer. Whether it
 * is alive and ready is asked by HEAD too, as load balancers do.
 */
import type { FastifyBaseLogger } from 'fastify';
import { Type } from 'typebox';
import { ParleyError } from '#domain/errors';
import { within } from '#table/within';
import type { App } from '../app-types.ts';
import type { Metrics } from '../metrics.ts';
import { causesOf } from '../refusal-log.ts';
import { answer, noToken, problems } from './describe.ts';

const Person = Type.Object({ handle: Type.String(), display_name: Type.String() });

/** How a client signs in, and whether there is a Lens. */
export const PublicConfig = Type.Object(
  {
    sign_in: Type.Enum(['embedded', 'cognito'], { type: 'string' }),
    lens: Type.Boolean(),
    people: Type.Optional(Type.Array(Person, { description: 'Whom one may sign in as, to begin with (embedded)' })),
    authorize_url: Type.Optional(Type.String()),
    token_url: Type.Optional(Type.String()),
    logout_url: Type.Optional(Type.String()),
    client_id: Type.Optional(Type.String()),
    scopes: Type.Optional(Type.Array(Type.String())),
  },
  { examples: [{ sign_in: 'embedded', lens: true, people: [{ handle: 'ada', display_name: 'Ada Lovelace' }] }] },
);
export type PublicConfig = Type.Static<typeof PublicConfig>;

export interface SystemNeeds {
  /** Resolves when the table answers; rejects otherwise. */
  readonly ready: () => Promise<void>;
  readonly stopping: () => boolean;
  readonly metrics: Metrics;
  readonly metricsPublic: boolean;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

/** How long the table may take to answer before the server counts as not ready. */
const readyMs = 2_000;

const Status = Type.Object({ status: Type.String() }, { examples: [{ status: 'ok' }] });

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);

const describe = (operationId: string, summary: string) => ({
  tags: ['system'],
  operationId,
  summary,
  security: noToken,
});

/** Says in the log when the server is not ready any more, and when it is again; between that it is asked every few seconds. */
const createReadiness = (log: SystemNeeds['log']) => {
  let ready = true;
  return {
    lost: (error: unknown): void => {
      if (ready) log.warn({ causes: causesOf(error) }, 'not ready: the table does not answer');
      ready = false;
    },
    has: (): void => {
      if (!ready) log.warn({}, 'ready again: the table answers');
      ready = true;
    },
  };
};

export const readyPath = '/readyz';

export const systemRoutes = (app: App, needs: SystemNeeds): void => {
  const readiness = createReadiness(needs.log);
  app.get(
    '/healthz',
    {
      exposeHeadRoute: true,
      schema: {
        ...describe('healthz', 'The process is alive'),
        response: { 200: answer(Status, 'Alive'), ...problems },
      },
    },
    async () => ({ status: 'ok' }),
  );

  app.get(
    readyPath,
    {
      exposeHeadRoute: true,
      schema: {
        ...describe('readyz', 'The table answers, and the server takes requests'),
        response: { 200: answer(Status, 'Ready'), ...problems },
      },
    },
    async () => {
      if (needs.stopping()) throw new ParleyError('unavailable', 'The server is stopping.');
      await within(readyMs, needs.ready()).catch((error: unknown) => {
        readiness.lost(error);
        throw new ParleyError('unavailable', 'The table does not answer.', { cause: error });
      });
      readiness.has();
      return { status: 'ready' };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        ...describe('metrics', 'Measurements for Prometheus; for this machine only unless configured'),
        response: { 200: { description: 'Text', content: { 'text/plain': { schema: Type.String() } } }, ...problems },
      },
    },
    async (request, reply) => {
      // A proxy on this machine speaks for others: what it forwards does not count as this machine's.
      const local = isLoopback(request.raw.socket.remoteAddress) && request.headers['x-forwarded-for'] === undefined;
      if (!local && !needs.metricsPublic) throw new ParleyError('not_found', 'There is nothing at this address.');
      return reply.type(needs.metrics.contentType).send(await needs.metrics.text());
    },
  );
};

/** How a client signs in. */
export const configRoutes = (app: App, publicConfig: () => PublicConfig): void => {
  app.get(
    '/v1/config',
    {
      schema: {
        ...describe('config', 'How to sign in'),
        response: { 200: answer(PublicConfig, 'How to sign in'), ...problems },
      },
    },
    async () => publicConfig(),
  );
};
