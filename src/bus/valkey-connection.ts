/**
 * One connection to Valkey that comes back by itself. While it is away commands are refused at once, never queued, so that nobody
 * waits for a server that is gone.
 *
 * Where one signs in by tokens, each connection is made with a new one, and a connection is signed in again well before the
 * server would end it: by `AUTH`, or, where it listens and may not say that, by another connection in its place.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';

/** How often a connection is asked for a sign of life. */
const probeMs = 1_000;
/** One that has given none for so long is broken off and made anew. */
const silentMsMax = 3_000;
const retryMsMin = 50;
const retryMsMax = 2_000;
/** Where a token may have been refused: the service counts who asks it too often. */
const signInRetryMsMax = 15_000;
/** Of a connection's life, when it is signed in again: some nodes earlier, some later, never all at once. */
const renewFrom = 0.5;
const renewTo = 0.75;
/** A renewal that failed is tried again so soon, many times before the connection ends. */
const renewRetryMs = 300_000;

/** Passwords that do not last. */
export interface SignIn {
  readonly user: string;
  /** A password for now; may reject. */
  readonly password: () => Promise<string>;
  /** How long after the last sign-in the server ends a connection. */
  readonly lastsMs: number;
}

/** Runs something after so many milliseconds, unless the returned function is called first. */
export type After = (ms: number, run: () => void) => () => void;

const byTimer: After = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

export interface ConnectionOptions {
  /** `redis://`, `rediss://`, `valkey://` or `valkeys://`. */
  readonly url: string;
  readonly signIn?: SignIn | undefined;
  /** Authorities, as PEM, to trust in place of the system's. */
  readonly authorities?: string | undefined;
  /** 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined;
  /** For the renewals. */
  readonly after?: After | undefined;
  /** Told of connection errors; many, while the server is away. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}

export interface ValkeyConnection {
  readonly redis: Redis;
  close(): void;
}

const ignore = (): void => undefined;

/** Breaks off a connection that has been silent for too long; returns how to stop looking. */
const probe = (redis: Redis): (() => void) => {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (redis.status !== 'ready') {
      unanswered = 0;
      return;
    }
    if (unanswered * probeMs >= silentMsMax) {
      unanswered = 0;
      redis.disconnect(true);
      return;
    }
    unanswered += 1;
    redis
      .ping()
      .then(() => {
        unanswered = 0;
      })
      .catch(ignore);
  }, probeMs);
  timer.unref();
  return () => clearInterval(timer);
};

/**
 * @param replace has another connection take the place of this one, which listens, and closes this one; rejects when it cannot be,
 *   and this one stays.
 */
export const openConnection = (options: ConnectionOptions, replace?: () => Promise<void>): ValkeyConnection => {
  const { url, signIn, authorities, random = Math.random, after = byTimer, onFault = ignore } = options;
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    connectTimeout: silentMsMax,
    commandTimeout: silentMsMax,
    // It is made anew below, which can wait for a password first.
    retryStrategy: () => null,
    ...(signIn !== undefined && { username: signIn.user }),
    ...(authorities !== undefined && { tls: { ca: authorities } }),
  });
  const closing = new AbortController();
  let cancelRenewal = ignore;
  redis.on('error', onFault);

  const renew = async (): Promise<void> => {
    if (signIn === undefined || redis.status !== 'ready') return;
    try {
      const password = await signIn.password();
      // A connection that listens may say nothing but what it listens to.
      if (redis.mode === 'subscriber') return await replace?.();
      await redis.auth(signIn.user, password);
      renewLater(signIn.lastsMs);
    } catch (error) {
      onFault(error);
      if (closing.signal.aborted) return;
      cancelRenewal();
      cancelRenewal = after(renewRetryMs, () => void renew());
    }
  };
  const renewLater = (lastsMs: number): void => {
    cancelRenewal();
    cancelRenewal = after(lastsMs * (renewFrom + (renewTo - renewFrom) * random()), () => void renew());
  };

  const connect = async (): Promise<void> => {
    if (signIn !== undefined) redis.options.password = await signIn.password();
    if (closing.signal.aborted) return;
    const ended = new Promise<void>((resolve) => redis.once('end', resolve));
    await redis.connect();
    if (signIn !== undefined) renewLater(signIn.lastsMs);
    await ended;
    cancelRenewal();
  };

  const keep = async (): Promise<void> => {
    let failures = 0;
    while (!closing.signal.aborted) {
      try {
        await connect();
        failures = 0;
      } catch (error) {
        failures += 1;
        onFault(error);
      }
      const most = signIn === undefined ? retryMsMax : signInRetryMsMax;
      const ms = Math.min(retryMsMin * 2 ** Math.min(failures, 10), most) * (0.5 + 0.5 * random());
      await sleep(ms, undefined, { signal: closing.signal, ref: false }).catch(ignore);
    }
  };
  void keep();

  const stopProbing = probe(redis);
  return {
    redis,
    close: () => {
      closing.abort();
      stopProbing();
      cancelRenewal();
      redis.disconnect();
    },
  };
};
