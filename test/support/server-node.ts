/** A node as the server composes it, over any servers that the environment names, in the process of the test. */
import { randomUUID } from 'node:crypto';
import { buildApp } from '#server/app';
import { createEmbeddedIssuer } from '#server/auth/embedded-issuer';
import { type Composition, compose } from '#server/compose';
import { readConfig } from '#server/config';
import { createLogger } from '#server/logging';

export interface ServerNode {
  readonly url: string;
  readonly port: number;
  readonly composition: Composition;
  close(): Promise<void>;
}

const now = (): number => Date.now();

export const startServerNode = async (environment: { readonly [name: string]: string }): Promise<ServerNode> => {
  const logger = createLogger('silent');
  const composition = await compose(readConfig({ PORT: '0', ...environment }), logger);
  const issuer = await createEmbeddedIssuer(now);
  const app = await buildApp({
    ...composition,
    verify: issuer.verify,
    issuer,
    signIn: () => ({ sign_in: 'embedded', people: [] }),
    rateLimits: { perUser: 1_000, perAddress: 10_000 },
    logger,
    now,
    random: Math.random,
    randomUuid: randomUUID,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    composition,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
      await composition.stop();
    },
  };
};
