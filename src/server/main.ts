/** The standalone server: reads the environment, starts, says where it is, and stops in an orderly way. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildApp } from './app.ts';
import type { App } from './app-types.ts';
import { createCognitoVerifier } from './auth/cognito.ts';
import { createEmbeddedIssuer } from './auth/embedded-issuer.ts';
import { type Composition, compose } from './compose.ts';
import { type CognitoConfig, type Config, ConfigError, readConfig } from './config.ts';
import { LockedError } from './lock.ts';
import { createLogger } from './logging.ts';
import type { PublicConfig } from './routes/system.ts';
import { loadSample, samplePeople } from './sample/load.ts';

/** A stop that is not done by then is broken off; process managers wait ten seconds. */
const stopMs = 9_000;
/** Connections still busy by then are closed, so that the tables can be. */
const drainMs = 7_000;

const now = (): number => Date.now();
const webRoot = fileURLToPath(new URL('../../web/dist', import.meta.url));

/** How a client signs in at the pool's hosted pages (authorization code with PKCE). */
const cognitoSignIn = ({ clientId, domain }: CognitoConfig): Omit<PublicConfig, 'lens'> => ({
  sign_in: 'cognito',
  client_id: clientId,
  scopes: ['openid', 'profile'],
  ...(domain !== undefined && {
    authorize_url: `${domain}/oauth2/authorize`,
    token_url: `${domain}/oauth2/token`,
    logout_url: `${domain}/logout`,
  }),
});

/** Who a page offers to sign in as on a first start. */
const people = samplePeople.map(({ handle, display_name }) => ({ handle, display_name }));

const signInOptions = async (config: Config) => {
  const { signIn } = config;
  if (signIn.kind === 'cognito') {
    const { domain } = signIn;
    return {
      verify: createCognitoVerifier(signIn),
      signIn: () => cognitoSignIn(signIn),
      ...(domain !== undefined && { webConnect: [domain] }),
    };
  }
  const issuer = await createEmbeddedIssuer(now);
  return {
    verify: issuer.verify,
    issuer,
    signIn: () => ({ sign_in: 'embedded' as const, people: config.demo ? people : [] }),
  };
};

/** Stops once, however often it is asked to: no new work, what was accepted finished, streams told, tables closed. */
const stopOnSignals = (app: App, composition: Composition): void => {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    app.log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), stopMs).unref();
    setTimeout(() => app.server.closeAllConnections(), drainMs).unref();
    app
      .close()
      .then(() => composition.stop())
      .then(() => process.exit(0))
      .catch(() => process.exit(1));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

const start = async (): Promise<void> => {
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel);
  const composition = await compose(config, logger);
  if (config.demo) await loadSample(composition.messenger);
  const app = await buildApp({
    ...composition,
    ...(await signInOptions(config)),
    logger,
    rateLimits: config.rateLimits,
    metricsPublic: config.metricsPublic,
    proxies: config.proxies,
    ...(existsSync(webRoot) && { webRoot }),
    now,
    random: Math.random,
    randomUuid: randomUUID,
  });
  stopOnSignals(app, composition);
  await app.listen({ host: config.host, port: config.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  process.stdout.write(`Parley is at http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}\n`);
};

/** What to do about an address that cannot be listened at; what a newcomer may meet first is that something is at port 3000. */
const whatToSet: Readonly<Record<string, string>> = {
  EADDRINUSE: 'PORT chooses another port.',
  EADDRNOTAVAIL: 'HOST chooses an address of this machine.',
};

/** One line that says what is wrong, for what a person can put right; a trace for what they cannot. */
const explain = (error: unknown): string => {
  if (error instanceof ConfigError || error instanceof LockedError) return error.message;
  const { code, message, stack } = error as { code?: string; message?: string; stack?: string };
  if (typeof code !== 'string' || message === undefined) return stack ?? String(error);
  const advice = whatToSet[code];
  return advice === undefined ? message : `${message}. ${advice}`;
};

start().catch((error: unknown) => {
  process.stderr.write(`parley: ${explain(error)}\n`);
  process.exit(1);
});
