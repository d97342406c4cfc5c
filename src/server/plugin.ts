/**
 * The whole HTTP contract as one Fastify plugin, encapsulated: a team mounts it in an application of its own, and `app.ts`
 * makes the standalone server of it. It validates, admits, authenticates, answers, and ends every error as a problem document.
 */
import { performance } from 'node:perf_hooks';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { Messenger } from '#messenger/messenger';
import type { PatternUse } from '#store/patterns';
import { createAdmission } from './admission.ts';
import type { App } from './app-types.ts';
import type { EmbeddedIssuer } from './auth/embedded-issuer.ts';
import { callOf, createAuthenticator, type VerifyToken } from './auth/verify.ts';
import { bodyBytesMax, readJsonBody, refuseEncoded } from './json-body.ts';
import { watchLag } from './lag.ts';
import { createLiveStreams } from './live-streams.ts';
import { createMetrics, type SealingSums } from './metrics.ts';
import { markAnswer, replyWithProblem } from './problem-replies.ts';
import { createRefusalLog } from './refusal-log.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { courseRoutes } from './routes/course.ts';
import { devRoutes } from './routes/dev.ts';
import { eventRoutes } from './routes/events.ts';
import { type LensSource, lensRoutes } from './routes/lens.ts';
import { messageRoutes } from './routes/messages.ts';
import { peopleRoutes } from './routes/people.ts';
import { configRoutes, type PublicConfig, readyPath, systemRoutes } from './routes/system.ts';
import { createStreams } from './sse.ts';
import { createValidatorCompiler } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** An answer that stays open: it is not counted as a request in flight, and its length is no latency. */
    stream?: boolean;
  }
}

export interface ParleyServerOptions {
  readonly messenger: Messenger;
  readonly verify: VerifyToken;
  /** Present with the local sign-in, absent with a user pool. */
  readonly issuer?: EmbeddedIssuer;
  /** Rejects while the table does not answer. */
  readonly ready: () => Promise<void>;
  /** What `GET /v1/config` says of signing in. */
  readonly signIn: () => Omit<PublicConfig, 'lens'>;
  /** Requests a second; bursts of ten times that. */
  readonly rateLimits: { readonly perUser: number; readonly perAddress: number };
  /** Where the uses of patterns can be watched, for the metrics. */
  readonly onUse?: (listener: (use: PatternUse) => void) => () => void;
  /** What the sealer counts, for the metrics. */
  readonly sealing?: () => SealingSums;
  /** How many records of the change feed the fan-out of this process set aside, for the metrics. */
  readonly setAside?: () => number;
  readonly lens?: LensSource;
  readonly metricsPublic?: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  readonly randomUuid: () => string;
}

const readBodies = (app: App): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer', bodyLimit: bodyBytesMax },
    (request: FastifyRequest, bytes: Buffer, done: (error: Error | null, body?: unknown) => void) => {
      try {
        refuseEncoded(request.headers['content-encoding']);
        done(null, readJsonBody(bytes, request.routeOptions.schema?.body !== undefined));
      } catch (error) {
        done(error as Error);
      }
    },
  );
};

export const parleyServer: FastifyPluginAsync<ParleyServerOptions> = async (instance, options) => {
  const app = instance as unknown as App;
  const { messenger, now, issuer, lens } = options;
  let stopping = false;
  const streams = createStreams(now, options.random);
  const live = createLiveStreams(messenger, streams);
  const lag = watchLag(() => performance.now());
  const admission = createAdmission({
    authenticate: createAuthenticator(options.verify, messenger, now),
    rateLimits: options.rateLimits,
    now,
    stopping: () => stopping,
    late: lag.late,
  });
  const metrics = createMetrics({
    streams: streams.count,
    slowReaders: streams.slowReaders,
    delivered: live.delivered,
    inFlight: admission.inFlight,
    ...(options.sealing && { sealing: options.sealing }),
    ...(options.setAside && { setAside: options.setAside }),
  });
  const unwatch = options.onUse?.(metrics.use);
  const needs = { messenger, callOf: (request: FastifyRequest) => callOf(request, now) };

  app.decorateRequest('verified', null);
  app.setValidatorCompiler(createValidatorCompiler());
  const noteRefusal = createRefusalLog(app.log, now);
  app.setErrorHandler((error, request, reply) =>
    // Whether the server is ready is asked all the time, and logged when it changes.
    replyWithProblem(request, reply, error, request.routeOptions.url === readyPath ? undefined : noteRefusal),
  );
  readBodies(app);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.stream !== true) {
      admission.began();
      // Not `onResponse`, which is not called where whoever asked went away before they were answered.
      reply.raw.once('close', admission.ended);
    }
    markAnswer(request, reply);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { url = '', config } = request.routeOptions;
    if (config.stream !== true) {
      metrics.request(request.method, url, reply.statusCode, reply.elapsedTime);
      request.log.debug(
        { req_id: request.id, method: request.method, route: url, status: reply.statusCode, ms: reply.elapsedTime },
        'answered',
      );
    }
    done();
  });
  // The first thing a stopping server does: streams are told to come back, later requests on open connections are refused.
  app.addHook('preClose', (done) => {
    stopping = true;
    streams.stop();
    done();
  });
  app.addHook('onClose', async () => {
    lag.stop();
    unwatch?.();
  });

  const { ready, metricsPublic = false } = options;
  systemRoutes(app, { ready, metrics, metricsPublic, stopping: () => stopping, log: app.log });
  await app.register(async (open: App) => {
    open.addHook('onRequest', (request, reply, done) => {
      admission.anybody(request, reply);
      done();
    });
    configRoutes(open, () => ({ ...options.signIn(), lens: lens !== undefined }));
    if (issuer !== undefined) devRoutes(open, { messenger, issuer, randomUuid: options.randomUuid, now });
  });
  await app.register(async (closed: App) => {
    closed.addHook('onRequest', (request, reply, done) => {
      const entering = admission.user(request, reply);
      if (entering === undefined) done();
      else entering.then(() => done(), done);
    });
    messageRoutes(closed, needs);
    conversationRoutes(closed, needs);
    peopleRoutes(closed, needs, now);
    courseRoutes(closed, needs);
    eventRoutes(closed, live);
    if (lens !== undefined) lensRoutes(closed, needs, lens, streams);
  });
};
