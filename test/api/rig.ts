/**
 * The whole service in this process, over the table in memory, with the real sealer, fan-out and issuer: asked without sockets,
 * or listening for those tests that need one.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { InjectOptions } from 'fastify';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import { createKeyEraser } from '#crypto/key-lifecycle';
import { createLocalWrapper } from '#crypto/local-wrapper';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { createMessenger } from '#messenger/create';
import { startFeedRunner } from '#messenger/feed-runner';
import { startErasureRunner } from '#messenger/lifecycle/erasure-runner';
import { type AppOptions, buildApp } from '#server/app';
import { createEmbeddedIssuer, makeIssuerKeys } from '#server/auth/embedded-issuer';
import { createLensSource } from '#server/lens-source';
import { createLogger } from '#server/logging';
import { createUses } from '#server/uses';
import { createPatterns } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import { keysSchema, mainSchema } from '#table/schema';

export interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly body: any;
}

export interface Person {
  readonly uuid: string;
  readonly handle: string;
  readonly token: string;
}

const uuidText = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Shorter texts are in any line by chance. */
const tellingMin = 12;
/** Of what was said, the newest is looked for: a line is written while its request is answered. */
const saidMax = 50;

/**
 * The log of a test's server at its most talkative, each line looked through for what was said and what signs in (SEC-7): so
 * the whole of these tests is one search.
 */
const createSearchedLog = () => {
  const tokens = new Set<string>();
  const said: string[] = [];
  const leaks: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      const line = String(chunk);
      for (const secret of [...tokens, ...said]) if (line.includes(secret)) leaks.push(line);
      done();
    },
  });
  const searched = {
    stream,
    leaks,
    token: (token: string): void => {
      tokens.add(token);
    },
    /** The texts of a request's body. */
    said: (value: unknown): void => {
      if (typeof value === 'string' && value.length >= tellingMin && !uuidText.test(value)) said.push(value);
      if (said.length > saidMax) said.shift();
      if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) searched.said(inner);
    },
  };
  return searched;
};

/** @param change overrides what the server is made with. */
export const startRig = async (change: Partial<AppOptions> = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-api-'));
  const now = change.now ?? ((): number => Date.now());
  const uses = createUses();
  const table = createMemoryTable({ schema: mainSchema, name: 'parley', now });
  const keys = createMemoryTable({ schema: keysSchema, name: 'parley-keys', now });
  const patterns = createPatterns(table, uses.observe, () => performance.now());
  const wrapper = await createLocalWrapper({ folder, nodeEnv: undefined });
  let wake = (): void => undefined;
  let wakeErasures = (): void => undefined;
  const sealer = createSealer({ keyring: createKeyring({ table: keys, wrapper, now, randomBytes }), now });
  const deps = {
    sealer,
    keys: createKeyEraser(keys),
    cache: createLocalCache(now, Math.random),
    bus: createLocalBus(),
    now,
    randomBytes,
  };
  const quiet = createPatterns(
    table,
    () => undefined,
    () => performance.now(),
  );
  const unwatched = { messenger: createMessenger({ ...deps, patterns: quiet }).messenger, patterns: quiet };
  const { messenger, fanout, lifecycle } = createMessenger({
    ...deps,
    patterns,
    appended: () => wake(),
    erasureBegun: () => wakeErasures(),
  });
  const faults: unknown[] = [];
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    setTimeout(ms, undefined, { signal }).catch(() => undefined);
  const runner = startFeedRunner(table.feed, patterns, fanout, 'fanout', { now, wait }, (error) => faults.push(error));
  wake = runner.wake;
  const erasures = startErasureRunner(lifecycle, { now, wait }, (error) => faults.push(error));
  wakeErasures = erasures.wake;

  const searched = createSearchedLog();
  let requests = 0;
  // Fan-out and erasures go on in the background: what is counted is what was asked for by a request.
  const asking = new AsyncLocalStorage<true>();
  uses.onUse(() => {
    if (asking.getStore() === true) requests += 1;
  });

  const issuerKeys = makeIssuerKeys();
  const issuer = await createEmbeddedIssuer(now, issuerKeys);
  const app = await buildApp({
    messenger,
    verify: issuer.verify,
    issuer,
    ready: async () => {
      await patterns.getCheckpoint('ready', 'ready');
    },
    signIn: () => ({ sign_in: 'embedded', people: [{ handle: 'ada', display_name: 'Ada' }] }),
    rateLimits: { perUser: 100_000, perAddress: 100_000 },
    onUse: uses.onUse,
    sealing: () => sealer.counters,
    lens: createLensSource(unwatched, uses.onUse),
    now,
    random: Math.random,
    randomUuid: randomUUID,
    logger: createLogger('trace', searched.stream),
    ...change,
  });

  const ask = async (
    method: string,
    url: string,
    { token, body, headers = {}, raw }: AskOptions = {},
  ): Promise<Asked> => {
    if (token !== undefined && token.length >= tellingMin) searched.token(token);
    searched.said(body);
    const options: InjectOptions = {
      method: method as 'GET',
      url,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...((body !== undefined || raw !== undefined) && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
      ...(raw !== undefined && { payload: raw }),
    };
    const answer = await asking.run(true, async () => await app.inject(options));
    const json = /json/.test(String(answer.headers['content-type'])) && answer.body !== '';
    const { statusCode: status, headers: answered, body: text } = answer;
    return { status, headers: answered, text, body: json && !text.includes('\n') ? JSON.parse(text) : undefined };
  };

  const signIn = async (handle: string, display_name = handle): Promise<Person> => {
    const { body, status } = await ask('POST', '/v1/dev/sign-in', { body: { handle, display_name } });
    if (status !== 200) throw new Error(`sign-in answered ${status}`);
    return { uuid: body.user.uuid, handle, token: body.access_token };
  };

  return {
    app,
    messenger,
    issuer,
    /** What the issuer signs with: for tokens that are wrong in one thing. */
    issuerKeys,
    table,
    keys,
    faults,
    ask,
    signIn,
    /** Requests to the table that the service made so far. */
    requests: () => requests,
    /** A direct conversation's uuid, or a group's. */
    open: async (by: Person, handles: readonly string[], title?: string): Promise<string> => {
      const { body } = await ask('POST', '/v1/conversations', {
        token: by.token,
        body: { handles, ...(title !== undefined && { title }) },
      });
      return body.uuid;
    },
    send: (by: Person, conversation: string, message: string) =>
      ask('POST', `/v1/conversations/${conversation}/messages`, { token: by.token, body: { message } }),
    /** Asks again until the answer is as wished: for what the fan-out brings a moment later. */
    until: async (question: () => Promise<Asked>, wished: (answer: Asked) => boolean): Promise<Asked> => {
      for (let tries = 0; tries < 200; tries += 1) {
        const answer = await question();
        if (wished(answer)) return answer;
        await setTimeout(10);
      }
      return question();
    },
    listen: async (): Promise<number> => {
      await app.listen({ host: '127.0.0.1', port: 0 });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    },
    close: async (): Promise<void> => {
      await app.close();
      await erasures.stop();
      await runner.stop();
      messenger.close();
      await table.close();
      await keys.close();
      await rm(folder, { recursive: true, force: true });
      if (searched.leaks.length > 0) throw new Error(`[SEC-7] the log says too much: ${searched.leaks[0]}`);
    },
  };
};

export interface AskOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as bytes, as it is. */
  readonly raw?: string | Buffer;
}

export type Rig = Awaited<ReturnType<typeof startRig>>;
