/** The standalone server: the plugin, the documents, the web app, and an answer to whatever else is asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawServerDefault,
} from 'fastify';
import { ParleyError } from '#domain/errors';
import { problemMediaType } from '#protocol/problem';
import { limitAddresses } from './admission.ts';
import type { App } from './app-types.ts';
import { watchConnections } from './connections.ts';
import { collectRoutes, docsRoutes } from './docs.ts';
import { bodyBytesMax } from './json-body.ts';
import { type ParleyServerOptions, parleyServer } from './plugin.ts';
import { problemOf, replyWithProblem } from './problem-replies.ts';
import { createRouteBook } from './route-book.ts';
import { webRoutes } from './static-web.ts';

export interface AppOptions extends ParleyServerOptions {
  readonly logger: FastifyBaseLogger;
  /** The folder of the built web app; served when it is there. */
  readonly webRoot?: string;
  /** Origins besides this one that the web app may ask: the hosted sign-in's. */
  readonly webConnect?: readonly string[];
  /** How many proxies in front tell the address of who asks. */
  readonly proxies?: number;
  /** Milliseconds for which nothing may go over a connection whose request is being answered. */
  readonly stalledMs?: number;
}

/** A whole request must have come within this. */
const requestTimeoutMs = 15_000;
/**
 * A reader that takes nothing for so long is gone, or means no good: each holds its answer in memory, and a place among the requests
 * in flight. Longer than any request may take, and twice as long as a live stream is ever silent.
 */
const stalledMsMax = 30_000;
/** Longer than the idle time-out of load balancers in front (60 s), so that the server never closes first. */
const keepAliveMs = 72_000;
/** 16 characters of an emoji, each four bytes, each written as `%xx`. */
const pathNameMax = 16 * 4 * 3;

const saneId = /^[A-Za-z0-9._-]{8,64}$/;

/** The id a proxy gave the request, when it looks like one; otherwise one of ours. */
const requestIds = (random: () => number) => {
  const prefix = random().toString(36).slice(2, 10);
  let count = 0;
  return (request: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }): string => {
    const given = request.headers['x-request-id'];
    if (typeof given === 'string' && saneId.test(given)) return given;
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
};

const badRequest = (detail: string): string => JSON.stringify(problemOf(new ParleyError('bad_request', detail)));

/** What is not even HTTP, or whose headers are too many, is answered on the socket itself. */
const answerBadHttp = (error: { readonly code?: string }, socket: Socket): void => {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = badRequest('The request is not well-formed HTTP.');
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: ${problemMediaType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
};

/** Whoever expects of a server what this one does not do is told so here; Node would answer without a document. */
const answerExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(400, { 'content-type': problemMediaType, connection: 'close' });
  response.end(badRequest('This server knows no such expectation.'));
};

/** HTTP/1.1 asks for the header (RFC 9110, section 7.2); left to Node, its absence is answered without a document. */
const refuseNoHost = ({ raw }: FastifyRequest): void => {
  if (raw.headers.host === undefined && raw.httpVersion === '1.1')
    throw new ParleyError('bad_request', 'The request has no Host.');
};

/** Paths of the contract: a page of the web app is never the answer to them. */
const contractPath = /^\/(v1|api|docs|healthz|readyz|metrics|openapi\.json)(\/|\?|$)/;

const wantsPage = (request: FastifyRequest): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') &&
  !contractPath.test(request.url) &&
  (request.headers.accept ?? '').includes('text/html');

export const buildApp = async (options: AppOptions): Promise<App> => {
  const { logger, proxies = 0, stalledMs = stalledMsMax } = options;
  const app: App = Fastify<RawServerDefault>({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger of its own for each request costs more than the few lines that are written: they carry the id themselves.
    childLoggerFactory: (parent) => parent,
    genReqId: requestIds(options.random),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: stalledMs,
    keepAliveTimeout: keepAliveMs,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    trustProxy: (_address, hop) => hop < proxies,
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: pathNameMax },
    clientErrorHandler: answerBadHttp,
    frameworkErrors: (error, request, reply) => {
      replyWithProblem(request, reply as unknown as FastifyReply, error);
    },
  });
  const closeConnections = watchConnections(app.server);
  app.server.on('checkExpectation', answerExpectation);
  app.addHook('onRequest', (request, _reply, done) => {
    refuseNoHost(request);
    done();
  });
  app.addHook('preClose', (done) => {
    if (app.server.listening) app.server.once('close', closeConnections());
    done();
  });
  const book = createRouteBook();
  app.addHook('onRoute', book.add);
  app.setErrorHandler((error, request, reply) => replyWithProblem(request, reply, error));
  await collectRoutes(app);
  await app.register(parleyServer, options);
  const limit = limitAddresses(options.rateLimits.perAddress, options.now);
  let page = false;
  // All that is not of the contract, and that there is nothing at an address, is limited together.
  await app.register(async (web: App) => {
    web.addHook('onRequest', (request, reply, done) => {
      limit(request, reply);
      done();
    });
    await web.register(docsRoutes);
    const { webRoot, webConnect = [] } = options;
    page = webRoot !== undefined && (await webRoutes(web, webRoot, webConnect));
    web.setNotFoundHandler((request, reply) => {
      const allowed = book.methodsAt(request.url);
      if (allowed.length > 0) {
        reply.header('allow', allowed.join(', '));
        throw new ParleyError('method_not_allowed', `This address takes ${allowed.join(', ')}.`);
      }
      if (page && wantsPage(request)) return reply.sendFile('index.html');
      throw new ParleyError('not_found', 'There is nothing at this address.');
    });
  });
  await app.ready();
  return app;
};
