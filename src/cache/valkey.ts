/**
 * The shared level in Valkey (or Redis): values as JSON of what is stored, which is ciphertext (SEC-5), each under a key of its
 * own, so that it works on a cluster too.
 *
 * The race between a slow load and an invalidation: a reader that misses notes what stands in the key's place, nothing or the
 * mark of an invalidation. An invalidation puts a new mark there, unlike any other. A value is written by a script that first
 * compares: only where what the reader noted still stands. So what was loaded before an invalidation never gets in after it.
 * Marks last longer than any load; only a server that throws marks out for lack of memory could let an old value in, until its
 * expiry.
 *
 * A server that is away or slow costs one read at most `answerMsMax`; after that nobody asks until it answers a probe in time.
 */
import type { ValkeyLink } from '#bus/valkey-link';
import { decodeStored, encodeStored } from '#domain/stored-json';
import type { SharedLevel, SharedRead } from './shared.ts';
import { cachePrefix, createMarks, invalidatedChannel } from './valkey-marks.ts';

/** What a read may cost a request; the promise is 20 ms for all of a request's reads, of which only the first can wait. */
export const answerMsMax = 15;
/** How often a server that did not answer in time is probed. */
const probeMs = 250;
/** A page of 50 messages of the greatest length is 1 MB, and not worth its place; one of usual ones is 30 KB. */
const valueCharactersMax = 512 * 1024;

const valueTag = 'v';

/** Sets the value where what the reader noted still stands. */
const fillScript = `local standing = redis.call('GET', KEYS[1]) or ''
if standing ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

const away: SharedRead = { state: 'away' };

/** Runs something after so many milliseconds, unless the returned function is called first. */
export type After = (ms: number, run: () => void) => () => void;

const byTimer: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

const toRead = (text: unknown, leftMs: unknown): SharedRead => {
  if (typeof text !== 'string') return { state: 'miss', stamp: '', changed: false };
  if (text.startsWith(valueTag) && typeof leftMs === 'number' && leftMs > 0) {
    try {
      return { state: 'hit', value: decodeStored(text.slice(1)), leftMs };
    } catch {
      // Not ours, or damaged: as good as a mark, and written over like one.
    }
  }
  return { state: 'miss', stamp: text, changed: true };
};

/** @param node a name that no other node has. The link stays open; whoever opened it closes it. */
export const createValkeyLevel = (
  link: ValkeyLink,
  node: string,
  after: After = byTimer,
): SharedLevel & { close(): void } => {
  const { commands } = link;
  const marks = createMarks(link, node);
  const listeners = new Set<(keys: readonly string[] | 'all') => void>();
  let asleep = false;
  let closed = false;
  let cancelProbe = (): void => undefined;

  /** The answer, or undefined when it takes too long. */
  const inTime = <T>(answer: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve) => {
      let settled = false;
      const settle = (value: T | undefined): void => {
        if (settled) return;
        settled = true;
        cancel();
        resolve(value);
      };
      // A process that was busy itself finds the answer in the socket: it is looked for there before the server is blamed.
      const cancel = after(answerMsMax, () => void setImmediate(() => settle(undefined)));
      answer.then(settle, () => settle(undefined));
    });

  const wakeUp = (): void => {
    if (closed) return;
    cancelProbe = after(probeMs, async () => {
      const alive = link.ready() && (await inTime(commands.ping())) !== undefined;
      if (alive) asleep = false;
      else wakeUp();
    });
  };
  const sleep = (): void => {
    if (asleep) return;
    asleep = true;
    wakeUp();
  };

  const tell = (keys: readonly string[] | 'all'): void => {
    for (const listener of listeners) listener(keys);
  };
  const leave = link.subscribe(
    invalidatedChannel,
    (text) => {
      try {
        const { from, keys } = JSON.parse(text) as { from?: unknown; keys?: unknown };
        if (from !== node && Array.isArray(keys)) tell(keys.filter((key) => typeof key === 'string'));
      } catch {
        // Not ours.
      }
    },
    () => {
      tell('all');
      marks.repeat();
    },
  );

  return {
    read: async (keys) => {
      if (asleep || !link.ready()) return keys.map(() => away);
      const pipeline = commands.pipeline();
      for (const key of keys) pipeline.get(cachePrefix + key).pttl(cachePrefix + key);
      const answers = await inTime(pipeline.exec());
      if (!answers || answers.some(([error]) => error !== null)) {
        sleep();
        return keys.map(() => away);
      }
      return keys.map((_key, index) => toRead(answers[2 * index]?.[1], answers[2 * index + 1]?.[1]));
    },
    write: (key, stamp, value, ttlMs) => {
      if (asleep || !link.ready()) return;
      const text = valueTag + encodeStored(value);
      if (text.length > valueCharactersMax) return;
      commands.eval(fillScript, 1, cachePrefix + key, stamp, text, Math.floor(ttlMs) || 1).catch(() => undefined);
    },
    invalidate: marks.invalidate,
    onInvalidated: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      closed = true;
      cancelProbe();
      marks.close();
      leave();
      listeners.clear();
    },
  };
};
