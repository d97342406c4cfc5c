/**
 * Runs the fan-out in this process: reads the change feed, applies it, and remembers how far it came (INBOX-5).
 *
 * The checkpoint follows at most once a second; after a crash the last second is applied again, which changes nothing.
 */
import type { Patterns } from '#store/patterns';
import { isCheckpoint } from '#store/positions';
import type { ChangeFeed, FeedStart } from '#table/port';
import type { Fanout } from './fanout.ts';

/** A batch as large as a stream's page: the more is waiting, the more coalesces. */
const batchMax = 1_000;
/** Other processes' writes, and other shards, are looked for this often; a write of this process wakes the runner at once. */
const pollMs = 200;
const checkpointMs = 1_000;
const retryMsMin = 50;
const retryMsMax = 5_000;

/** `wait` resolves after the milliseconds or when its signal says so. */
export interface RunnerTime {
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface FeedRunner {
  /** Says that something was written: the runner looks now. */
  wake(): void;
  /** Resolves when all that was in the feed at the time of this call has been applied. */
  settled(): Promise<void>;
  /** Ends after the batch under way, with its checkpoint written. */
  stop(): Promise<void>;
}

/** @param failed is told of each failure; the batch is tried again, later and later. */
export const startFeedRunner = (
  feed: ChangeFeed,
  patterns: Patterns,
  apply: Fanout,
  consumer: string,
  time: RunnerTime,
  failed: (error: unknown) => void,
): FeedRunner => {
  const stopping = new AbortController();
  let woken = new AbortController();
  let pending = false;
  const wake = (): void => {
    pending = true;
    woken.abort();
  };
  let waiters: (() => void)[] = [];
  const idle = async (): Promise<void> => {
    if (!pending && !stopping.signal.aborted) await time.wait(pollMs, woken.signal);
    pending = false;
    woken = new AbortController();
  };
  const unsubscribe = feed.onChange(wake);

  const places = new Map<string, { start: FeedStart; saved: number; dirty: boolean; ended: boolean }>();

  const save = async (shard: string): Promise<void> => {
    const place = places.get(shard);
    if (place === undefined || !place.dirty || typeof place.start === 'string') return;
    const position = place.start.after;
    const set = { type: 'checkpoint', consumer, shard, position, done: place.ended } as const;
    await patterns.putCheckpoint(consumer, shard, { set });
    place.dirty = false;
    place.saved = time.now();
  };

  const placeOf = async (shard: string) => {
    const known = places.get(shard);
    if (known !== undefined) return known;
    const checkpoint = await patterns.getCheckpoint(consumer, shard);
    const start: FeedStart = checkpoint?.position === undefined ? 'oldest' : { after: checkpoint.position };
    const place = { start, saved: time.now(), dirty: false, ended: checkpoint?.done === true };
    places.set(shard, place);
    return place;
  };

  /** Reads and applies one page of a shard; true when it had anything. */
  const readShard = async (shard: string): Promise<boolean> => {
    const place = await placeOf(shard);
    if (place.ended) return false;
    const { records, position } = await feed.read(shard, place.start, batchMax);
    await apply(records);
    if (position === undefined) place.ended = true;
    else place.start = { after: position };
    // Our own checkpoints are in the feed too; they are no reason for another.
    if (!records.every(isCheckpoint)) place.dirty = true;
    if (place.dirty && (place.ended || time.now() - place.saved >= checkpointMs)) await save(shard);
    return records.length > 0;
  };

  const pass = async (): Promise<boolean> => {
    let read = false;
    const shards = await feed.shards();
    const ids = new Set(shards.map((shard) => shard.id));
    for (const shard of shards) {
      // A child waits for its parent, so that an item's changes come in order; a parent no longer listed is long done.
      const parent = shard.parent !== undefined && ids.has(shard.parent) ? await placeOf(shard.parent) : undefined;
      if (parent === undefined || parent.ended) read = (await readShard(shard.id)) || read;
    }
    return read;
  };

  const run = async (): Promise<void> => {
    let retryMs = retryMsMin;
    while (!stopping.signal.aborted) {
      try {
        // Only who waited before a pass began knows from its finding nothing that all is done.
        const waited = waiters;
        waiters = [];
        if (await pass()) waiters = [...waited, ...waiters];
        else {
          for (const done of waited) done();
          if (waiters.length === 0) await idle();
        }
        retryMs = retryMsMin;
      } catch (error) {
        failed(error);
        await time.wait(retryMs, stopping.signal);
        retryMs = Math.min(retryMs * 2, retryMsMax);
      }
    }
    for (const shard of places.keys()) await save(shard).catch(failed);
  };
  const running = run();

  return {
    wake,
    settled: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        wake();
      }),
    stop: async () => {
      unsubscribe();
      stopping.abort();
      wake();
      await running;
    },
  };
};
