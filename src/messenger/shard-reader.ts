/**
 * One shard of the change feed, as one runner sees it: watched while somebody else may hold it, read and applied while this
 * runner does, done once it has ended.
 *
 * 1. Nothing is applied without holding the lease, as far as this runner knows; two may believe so for a moment, and then a
 *    batch is applied twice, which changes nothing (INBOX-3).
 * 2. A free shard is claimed only when there is something in it to do, and a lease is taken over only when it has stood still
 *    for `leaseMs` while something waited. So a fleet at rest writes nothing.
 * 3. A busy holder writes its checkpoint every `checkpointMs`, which renews the lease; a holder busy with one long batch
 *    renews it as often. So a lease costs at most one write in two seconds for each busy shard, and none besides.
 * 4. Records that a hint brings along join the batch that is being gathered when they follow on it. Before it is applied the feed
 *    is read on from there, so that nothing depends on a hint.
 * 5. A batch that fails by what is in it is sifted (sifting.ts). What fails by what is around it, such as a table that is throttled
 *    or away, is tried for as long as that lasts.
 * 6. A crash at any point is taken over within `watchMs + leaseMs + watchMs`, below ten seconds, of the next record.
 */
import type { CheckpointItem } from '#store/items';
import { isCheckpoint } from '#store/positions';
import type { ChangeFeed, ChangeRecord, FeedPage, FeedStart, FreshRecords } from '#table/port';
import type { Fanout, FanoutBatch } from './fanout.ts';
import type { Leases, LeaseUpdate } from './leases.ts';
import { isOfTheRecord } from './set-aside.ts';
import { createSieve, type Sifting } from './sifting.ts';

/**
 * Records applied as one batch, when a burst has filled it: the more is waiting, the more coalesces. What a batch takes of
 * memory is bounded by what it holds of them, which a burst in few conversations hardly adds to.
 */
const batchMax = 50_000;
const heldMax = 8_000;
/** A page as large as a stream gives, where reads are rationed. */
const rationedPageMax = 1_000;
/** Where they are not, a page is this process's own work, some milliseconds of it, and between two of them others have their turn. */
const ownPageMax = 400;
/** And while it sends: a send waits behind one page, and behind each page again that is read before it is done. */
const ownPageSending = 80;
/** For so long: where more is sent between two short pages than one holds, reading would never come to an end. */
const shortPagesMs = 1_000;
/** Rows at once where they are written by this very process: a few in each commit, so that sends hardly wait behind them. */
const ownRowsAtOnce = 24;
/** And while nobody sends: the commits of a burst's rows are then as large as some milliseconds of work allow. */
const ownRowsAtRest = 128;
/** Enough to see whether anything waits; what is seen is not applied from here. */
const peekMax = 10;
const checkpointMs = 2_000;
const leaseMs = 6_000;
/** How often a shard that another holds is looked at: one read unit, and one read of the feed. */
const watchMs = 1_500;
/** A runner holds back from a free shard by this much for each that it holds: shards spread over the fleet. */
const spreadMs = 250;

const unstoppable = new AbortController().signal;

/** `wait` resolves after the milliseconds or when its signal says so. */
export interface RunnerTime {
  readonly now: () => number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** `read`: something was applied or learnt, look again. `waiting`: there is work, later. `idle`: nothing for this runner. */
export type StepResult = 'read' | 'waiting' | 'idle';

export interface ShardReader {
  step(): Promise<StepResult>;
  /** Records that the feed gave along with a hint: those that follow on what is gathered need not be read. */
  hear(fresh: FreshRecords): void;
  /** How many records the last step applied. */
  readonly gathered: () => number;
  /** True from the moment it is claimed. */
  readonly held: () => boolean;
  readonly done: () => boolean;
  /** Writes the checkpoint and lets go of the lease, if this runner holds it. */
  release(): Promise<void>;
}

/** A batch while it is being gathered, of what was heard or read up to a place in the feed. */
interface Gathering {
  readonly batch: FanoutBatch;
  from: FeedStart;
  records: number;
  /** Whether any of it is more than our own checkpoints. */
  work: boolean;
}

type Place =
  | { state: 'new' }
  | {
      state: 'watched';
      seen: CheckpointItem | undefined;
      readonly looked: number;
      /** How far the feed was looked at without finding anything to do. */
      peeked: FeedStart;
      /** Since when something waits there. */
      since: number | undefined;
    }
  | {
      state: 'held';
      /** What comes before is applied. */
      start: FeedStart;
      lease: number;
      saved: number;
      dirty: boolean;
      /** What came since it was last read to its end; undefined while it is being read. */
      gathering: Gathering | undefined;
      /** Of a batch from here that failed by what is in it. */
      sifting: Sifting | undefined;
    }
  | { state: 'done' };

type Watched = Extract<Place, { state: 'watched' }>;
type Held = Extract<Place, { state: 'held' }>;

const startOf = (item: CheckpointItem | undefined): FeedStart =>
  item?.position === undefined ? 'oldest' : { after: item.position };

/** Our own checkpoints are in the feed too; they are no work, and no reason for another. */
const isWork = (records: readonly ChangeRecord[]): boolean => !records.every(isCheckpoint);
const hasWork = ({ records, position }: FeedPage): boolean => position === undefined || isWork(records);

/** @param heldByRunner how many shards the runner holds. @param failed is told when a lease could not be renewed, and of each record set aside. */
export const createShardReader = (
  shard: string,
  parts: {
    readonly feed: ChangeFeed;
    readonly leases: Leases;
    readonly apply: Pick<Fanout, 'begin'>;
    readonly time: RunnerTime;
    readonly heldByRunner: () => number;
    /** Whether this process is sending just now. */
    readonly sending: () => boolean;
    readonly failed: (error: unknown) => void;
  },
): ShardReader => {
  const { feed, leases, apply, time } = parts;
  const sieve = createSieve(shard, { feed, pageMax: ownPageMax, failed: parts.failed });
  let place: Place = { state: 'new' };
  let claiming = false;
  let taken = 0;

  const rowsAtOnce = (): number => (parts.sending() ? ownRowsAtOnce : ownRowsAtRest);

  const hold = (item: CheckpointItem): Held => {
    const held: Held = {
      state: 'held',
      start: startOf(item),
      lease: item.lease ?? 0,
      saved: time.now(),
      dirty: false,
      gathering: undefined,
      sifting: undefined,
    };
    place = held;
    return held;
  };

  /** Reads the checkpoint and sees it in its place; a lease that moved on was renewed, and the waiting begins anew. */
  const look = async (before: Watched | undefined): Promise<Place> => {
    const item = await leases.look(shard);
    if (item?.done === true) return { state: 'done' };
    if (item?.owner === leases.owner) return hold(item);
    const still = before !== undefined && before.seen?.owner === item?.owner && before.seen?.lease === item?.lease;
    const looked = time.now();
    return still
      ? { ...before, seen: item, looked }
      : { state: 'watched', seen: item, looked, peeked: startOf(item), since: undefined };
  };

  const update = async (held: Held, more: LeaseUpdate): Promise<void> => {
    const position = typeof held.start === 'string' ? {} : { position: held.start.after };
    held.dirty = false;
    let lease: number | undefined;
    try {
      lease = await leases.renew(shard, held.lease, { ...position, ...more });
    } catch (error) {
      held.dirty = true;
      throw error;
    }
    if (lease === undefined) place = { state: 'new' };
    else held.lease = lease;
    held.saved = time.now();
  };

  /** Applies a batch, and renews the lease for as long as that takes. */
  const applyHolding = async (held: Held, batch: FanoutBatch): Promise<void> => {
    const applied = new AbortController();
    const renewing = (async () => {
      for (;;) {
        await time.wait(checkpointMs, applied.signal);
        if (applied.signal.aborted || place !== held) return;
        await update(held, {}).catch(parts.failed);
      }
    })();
    try {
      await batch.apply(feed.readEveryMs === undefined ? rowsAtOnce : undefined);
    } finally {
      applied.abort();
      await renewing;
    }
  };

  const gatherFrom = (from: FeedStart): Gathering => ({ batch: apply.begin(), from, records: 0, work: false });

  const hasRoom = ({ records, batch }: Gathering, more: number): boolean =>
    records + more <= batchMax && batch.size < heldMax;

  const gather = (into: Gathering, records: readonly ChangeRecord[]): void => {
    into.batch.add(records);
    into.records += records.length;
    into.work ||= isWork(records);
  };

  /** Reads on to the end of what there is, or until the batch is full. Resolves to whether the shard has ended. */
  const readOn = async (into: Gathering): Promise<boolean> => {
    const rationed = feed.readEveryMs !== undefined;
    const longFrom = time.now() + shortPagesMs;
    for (;;) {
      const own = parts.sending() && time.now() < longFrom ? ownPageSending : ownPageMax;
      const limit = rationed ? rationedPageMax : own;
      const { records, position } = await feed.read(shard, into.from, limit);
      gather(into, records);
      if (position === undefined) return true;
      into.from = { after: position };
      if (records.length < limit || !hasRoom(into, limit)) return false;
      if (!rationed) await time.wait(0, unstoppable);
    }
  };

  /** Everything before `reached` is applied; undefined: everything there is, and the shard has ended. */
  const moveOn = async (held: Held, reached: FeedStart | undefined, work: boolean): Promise<void> => {
    if (place !== held) return;
    if (work || reached === undefined) held.dirty = true;
    if (reached === undefined) {
      await update(held, { done: true });
      if (place === held) place = { state: 'done' };
    } else {
      held.start = reached;
      if (held.dirty && time.now() - held.saved >= checkpointMs) await update(held, {});
    }
  };

  const read = async (held: Held): Promise<StepResult> => {
    const gathered = held.gathering ?? gatherFrom(held.start);
    // What is heard meanwhile may stand in what is read.
    held.gathering = undefined;
    let ended: boolean;
    try {
      ended = await readOn(gathered);
      taken = gathered.records;
      // What comes while this is applied is of the next batch, which is nothing without this one.
      if (!ended) held.gathering = gatherFrom(gathered.from);
      if (gathered.records > 0) await applyHolding(held, gathered.batch);
    } catch (error) {
      held.gathering = undefined;
      held.sifting = isOfTheRecord(error) ? sieve() : undefined;
      throw error;
    }
    await moveOn(held, ended ? undefined : gathered.from, gathered.work);
    return gathered.records > 0 || ended ? 'read' : 'idle';
  };

  const sift = async (held: Held, sifting: Sifting): Promise<StepResult> => {
    const found = await sifting.step(held.start, {
      apply: async (records) => {
        const batch = apply.begin();
        batch.add(records);
        await applyHolding(held, batch);
      },
      moveOn: (reached, records) => moveOn(held, reached, isWork(records)),
      holds: () => place === held,
    });
    return found ? 'read' : 'waiting';
  };

  const watch = async (watched: Watched): Promise<StepResult> => {
    const free = watched.seen?.owner === undefined;
    const due = time.now() - watched.looked >= watchMs;
    if (!free && !due) return 'idle';
    const peek = await feed.read(shard, watched.peeked, peekMax);
    if (!hasWork(peek)) {
      if (peek.position !== undefined) watched.peeked = { after: peek.position };
      watched.since = undefined;
      if (due) place = await look(watched);
      return peek.records.length > 0 ? 'read' : 'idle';
    }
    // What was known of the checkpoint may be out of date by now.
    const now = await look(watched);
    place = now;
    if (now.state !== 'watched') return 'read';
    const renewed = now.since === undefined && watched.since !== undefined;
    now.since ??= time.now();
    if (renewed) return 'idle';
    const patience = now.seen?.owner === undefined ? spreadMs * parts.heldByRunner() : leaseMs;
    if (time.now() - now.since < patience) return now.seen?.owner === undefined ? 'waiting' : 'idle';
    claiming = true;
    try {
      const claimed = await leases.claim(shard, now.seen);
      if (claimed === undefined) place = { state: 'new' };
      else hold(claimed);
    } finally {
      claiming = false;
    }
    return 'read';
  };

  return {
    gathered: () => taken,
    step: async () => {
      taken = 0;
      if (place.state === 'new') place = await look(undefined);
      if (place.state === 'held') return place.sifting?.over === false ? sift(place, place.sifting) : read(place);
      if (place.state === 'watched') return watch(place);
      return 'idle';
    },
    hear: ({ after, position, records }) => {
      const into = place.state === 'held' ? place.gathering : undefined;
      if (into === undefined || typeof into.from === 'string' || into.from.after !== after) return;
      if (!hasRoom(into, records.length)) return;
      try {
        gather(into, records);
        into.from = { after: position };
      } catch {
        // Whoever wrote is not to hear of it: the same is read, and its fault found, by the next step.
        if (place.state === 'held') place.gathering = undefined;
      }
    },
    held: () => claiming || place.state === 'held',
    done: () => place.state === 'done',
    release: async () => {
      if (place.state !== 'held') return;
      const held = place;
      await update(held, { release: true });
      if (place === held) place = { state: 'new' };
    },
  };
};
