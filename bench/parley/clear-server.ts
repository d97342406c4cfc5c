/**
 * The standalone server's app over the embedded table, as `src/server` composes it, with one part changed: texts are in the
 * clear. What it reads was written the same way. No fan-out runs, as none does in the server it is compared with.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import { createMessenger } from '#messenger/create';
import { openTables } from '#server/adapters';
import { buildApp } from '#server/app';
import { createEmbeddedIssuer } from '#server/auth/embedded-issuer';
import { readConfig } from '#server/config';
import { createLogger } from '#server/logging';
import { createUses } from '#server/uses';
import { createPatterns } from '#store/patterns';
import { clearSealer } from './clear-sealer.ts';

const now = (): number => Date.now();
const config = readConfig(process.env);
const tables = await openTables(config);
const uses = createUses();
const patterns = createPatterns(tables.main, uses.observe, () => performance.now());
const { messenger } = createMessenger({
  patterns,
  sealer: clearSealer,
  cache: createLocalCache(now, Math.random),
  bus: createLocalBus((error) => process.stderr.write(`a listener failed: ${String(error)}\n`)),
  now,
  randomBytes,
  appended: () => undefined,
});
const issuer = await createEmbeddedIssuer(now);
const app = await buildApp({
  messenger,
  verify: issuer.verify,
  issuer,
  signIn: () => ({ sign_in: 'embedded', people: [] }),
  ready: async () => undefined,
  rateLimits: config.rateLimits,
  onUse: uses.onUse,
  logger: createLogger(config.logLevel),
  now,
  random: Math.random,
  randomUuid: randomUUID,
});
const address = await app.listen({ host: config.host, port: config.port });
process.on('SIGTERM', () => {
  app
    .close()
    .then(() => Promise.all([tables.main.close(), tables.keys.close()]))
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
process.stdout.write(`Parley is at ${address}\n`);
