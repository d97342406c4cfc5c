/** The OpenAPI document, made of the schemas that validate, and a page to browse it, served from here. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { App } from './app-types.ts';

export const openApi = {
  openapi: '3.1.0',
  info: {
    title: 'Parley',
    version: '1.0.0',
    description:
      'Direct messaging on Amazon DynamoDB. JSON in and out, ISO 8601 times, problem documents (RFC 9457) for errors.',
  },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  security: [{ token: [] }],
  tags: [
    { name: 'messages', description: 'Patterns A and C' },
    { name: 'conversations', description: 'Pattern B' },
    { name: 'people' },
    { name: 'blocks' },
    { name: 'live' },
    { name: 'lens' },
    { name: 'system' },
    { name: 'course', description: 'The routes of the original application' },
  ],
} as const;

/** Begins to collect the routes: register it before them. */
export const collectRoutes = async (app: App): Promise<void> => {
  await app.register(swagger, { openapi: structuredClone(openApi) as never, exposeHeadRoutes: false });
};

/** The page loads what is served here and nothing else; it sets styles on its elements. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A route of somebody else's for GET alone answers HEAD as well, with the same headers: HTTP drops the body. */
function answerHead(this: FastifyInstance, route: RouteOptions & { readonly routePath: string }): void {
  if (route.method !== 'GET') return;
  // The root of a prefix is told of once and answers with and without a slash at its end.
  const paths = route.routePath === '' ? ['', '/'] : [route.routePath];
  for (const path of paths) {
    // Fastify goes by `path` where `url` is empty, and there it has the whole of it by now.
    const head = { ...route, url: path, path, method: 'HEAD' as const };
    this.route(head);
  }
}

/** `/openapi.json` and `/docs`. */
export const docsRoutes = async (app: App): Promise<void> => {
  app.get('/openapi.json', { exposeHeadRoute: true, schema: { hide: true } }, async () => app.swagger());
  await app.register(async (pages: App) => {
    pages.addHook('onRoute', answerHead);
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      transformStaticCSP: () => pagePolicy,
      uiConfig: { validatorUrl: null, deepLinking: true, docExpansion: 'list' },
    });
  });
};
