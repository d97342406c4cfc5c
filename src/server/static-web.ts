/** The web app's files: hashed ones kept by browsers for ever, the page itself asked for anew each time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import helmet from '@fastify/helmet';
import fastifyStatic from '@fastify/static';
import type { App } from './app-types.ts';

/** Everything from here, nothing from elsewhere; styles may be set on elements, since lists are positioned that way. */
const policy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  styleSrcAttr: ["'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  workerSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

/**
 * Serves the folder's files at `/`. Says whether there is a page to fall back to.
 * @param connect further origins the page may ask: the hosted sign-in's.
 */
export const webRoutes = async (app: App, root: string, connect: readonly string[]): Promise<boolean> => {
  if (!existsSync(join(root, 'index.html'))) return false;
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        ...policy,
        connectSrc: [...policy.connectSrc, ...connect],
        formAction: [...policy.formAction, ...connect],
      },
    },
    // Served in clear on a developer's machine; a proxy in front that speaks TLS adds it.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
  await app.register(fastifyStatic, {
    root,
    wildcard: false,
    cacheControl: false,
    schemaHide: true,
    setHeaders: (reply, path) => {
      const hashed = path.includes('/assets/');
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return true;
};
