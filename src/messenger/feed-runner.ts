/**
 * Runs the fan-out in this process: reads the shards of the change feed that it holds, applies them, and remembers how far it
 * came (INBOX-5). One process alone and a fleet of nodes run the same code; who holds which shard is settled by leases.
 *
 * The checkpoint follows every two seconds; after a crash what came since is applied again, which changes nothing.
 */
import type { Patterns } from '#store/patterns';
import type { ChangeFeed, FeedShard, FreshRecords } from '#table/port';
import type { Fanout } from './fanout.ts';
import { inParallel } from './in-parallel.ts';
import { createLeases } from './leases.ts';
import { createShardReader, type RunnerTime, type ShardReader, type StepResult } from './shard-reader.ts';

export type { RunnerTime };

/** Other processes' writes, and other shards, are looked for this often; a write of this process wakes the runner at once. */
const pollMs = 200;
/** The list of shards changes when one ends, which a reader sees, and otherwise rarely. DynamoDB answers 10 times a second. */
const shardListMs = 10_000;
const shardsAtOnce = 8;
/**
 * After a pass that found something, what comes is left to gather: in a burst one update of a row then serves many entries
 * (INBOX-4). The more there was, the longer, for as long as more keeps coming: a process with thousands of changes a second
 * saves most of its updates, and its inboxes are up to two seconds behind; when a burst is over, or at rest, it applies what
 * there is at once.
 */
const gatherMsMin = 20;
const gatherMsMax = 2_000;
const recordsPerGatherMs = 1;
const retryMsMin = 50;
const retryMsMax = 5_000;
/** So long after a process's last send nobody is taken to wait behind the rows that it updates: several commits' time. */
const sendingMs = 10;

/** The owner of a table that only one process at a time works with: it finds its own lease again after a crash, at once. */
const aloneOwner = 'alone';

export interface FeedRunner {
  /** Says that this process wrote something: the runner looks now, and leaves room beside the rows for what is written next. */
  wake(): void;
  /** Resolves when all that was in the feed at the time of this call is applied, but for shards that other runners hold. */
  settled(): Promise<void>;
  /** Ends after the batch under way, with its checkpoints written and its leases let go. */
  stop(): Promise<void>;
}

/**
 * @param failed is told of each failure; the batch is tried again, later and later. A `RecordSetAside` says what is not.
 * @param owner this runner's name, no other's, where several run at once; without it the process is alone with its table.
 */
export const startFeedRunner = (
  feed: ChangeFeed,
  patterns: Patterns,
  apply: Pick<Fanout, 'begin'>,
  consumer: string,
  time: RunnerTime,
  failed: (error: unknown) => void,
  owner: string = aloneOwner,
): FeedRunner => {
  const stopping = new AbortController();
  let woken = new AbortController();
  let pending = false;
  const stir = (): void => {
    // With a reason of our own: making an AbortError, with its trace, for every write costs more than the wake.
    if (!pending) woken.abort('woken');
    pending = true;
  };
  let sentAt = Number.NEGATIVE_INFINITY;
  const sending = (): boolean => time.now() - sentAt < sendingMs;
  const wake = (): void => {
    sentAt = time.now();
    stir();
  };
  /** Shards whose last step failed, and when each is tried again: later and later, and without the others waiting for it. */
  const resting = new Map<string, { readonly retryMs: number; readonly until: number }>();
  const untilNext = (): number => {
    const rests = [...resting.values()].map(({ until }) => until - time.now());
    return Math.max(1, Math.min(pollMs, ...rests));
  };
  let waiters: (() => void)[] = [];
  const idle = async (): Promise<void> => {
    if (!pending && !stopping.signal.aborted) await time.wait(untilNext(), woken.signal);
    pending = false;
    woken = new AbortController();
  };
  const leases = createLeases(patterns, consumer, owner, time.now);
  const readers = new Map<string, ShardReader>();
  const heldByRunner = (): number => [...readers.values()].filter((reader) => reader.held()).length;
  const parts = { feed, leases, apply, time, heldByRunner, sending, failed };
  let shards: readonly FeedShard[] = [];
  let listed = Number.NEGATIVE_INFINITY;

  const readerOf = (shard: string): ShardReader => {
    const reader = readers.get(shard) ?? createShardReader(shard, parts);
    readers.set(shard, reader);
    return reader;
  };

  const unsubscribe = feed.onChange((fresh?: FreshRecords) => {
    if (fresh !== undefined) readers.get(fresh.shard)?.hear(fresh);
    stir();
  });

  const gather = async (): Promise<void> => {
    let records = 0;
    for (const reader of readers.values()) records += reader.gathered();
    const least = Math.max(gatherMsMin, feed.readEveryMs ?? 0);
    const until = time.now() + Math.max(least, Math.min(gatherMsMax, records / recordsPerGatherMs));
    do {
      // A pass follows, so a wake-up is only a sign that more comes.
      pending = false;
      await time.wait(least, stopping.signal);
    } while (pending && waiters.length === 0 && !stopping.signal.aborted && time.now() + least <= until);
  };

  const list = async (): Promise<void> => {
    if (shards.length > 0 && time.now() - listed < shardListMs) return;
    shards = await feed.shards();
    listed = time.now();
    const ids = new Set(shards.map((shard) => shard.id));
    for (const id of readers.keys()) if (!ids.has(id)) readers.delete(id);
    for (const id of resting.keys()) if (!ids.has(id)) resting.delete(id);
  };

  const stepOf = async (id: string): Promise<StepResult> => {
    const rest = resting.get(id);
    if (rest !== undefined && time.now() < rest.until) return 'waiting';
    try {
      const result = await readerOf(id).step();
      resting.delete(id);
      return result;
    } catch (error) {
      failed(error);
      const retryMs = rest === undefined ? retryMsMin : Math.min(rest.retryMs * 2, retryMsMax);
      resting.set(id, { retryMs, until: time.now() + retryMs });
      return 'waiting';
    }
  };

  /** One step of every shard whose turn it is; what moved at all decides whether to look again at once. */
  const pass = async (): Promise<StepResult> => {
    await list();
    const results = new Set<StepResult>();
    const ids = new Set(shards.map((shard) => shard.id));
    await inParallel(shards, shardsAtOnce, async ({ id, parent }) => {
      // A child waits for its parent, so that an item's changes come in order; a parent no longer listed is long done.
      if (parent !== undefined && ids.has(parent) && !readerOf(parent).done()) return;
      const reader = readerOf(id);
      if (reader.done()) return;
      results.add(await stepOf(id));
      if (reader.done()) listed = Number.NEGATIVE_INFINITY;
    });
    if (results.has('read')) return 'read';
    return results.has('waiting') ? 'waiting' : 'idle';
  };

  const run = async (): Promise<void> => {
    let retryMs = retryMsMin;
    while (!stopping.signal.aborted) {
      // Only who waited before a pass began knows from its finding nothing that all is done.
      const waited = waiters;
      waiters = [];
      try {
        const result = await pass();
        if (result === 'idle') for (const done of waited) done();
        else waiters = [...waited, ...waiters];
        if (result === 'read') await gather();
        if (result === 'waiting' || (result === 'idle' && waiters.length === 0)) await idle();
        retryMs = retryMsMin;
      } catch (error) {
        waiters = [...waited, ...waiters];
        failed(error);
        await time.wait(retryMs, stopping.signal);
        retryMs = Math.min(retryMs * 2, retryMsMax);
      }
    }
    for (const reader of readers.values()) await reader.release().catch(failed);
  };
  const running = run();

  return {
    wake,
    settled: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        stir();
      }),
    stop: async () => {
      unsubscribe();
      stopping.abort();
      stir();
      await running;
    },
  };
};
