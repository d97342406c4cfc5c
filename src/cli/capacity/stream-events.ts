/**
 * The stream, record by record: a shard for each partition of the table, asked four times a second; of each, so many lanes as batches may
 * be at work at once, the records of one partition key always in the same; a batch takes what waits in its lane, up to a hundred.
 * When the account has no execution left, lanes wait in line for one. A partition's cut closes its shard: the two new ones are not
 * read before it is read to its end (`pages.streams`).
 */
import type { EventQueue } from './event-queue.ts';
import { createFifo, type Fifo } from './fifo.ts';
import { batchRecords, shardPollsPerSecond } from './limits.ts';

/** A record: its conversation, and the second of its put. */
export interface StreamRecord {
  readonly conversation: number;
  readonly putAt: number;
}

export interface StreamStart {
  readonly partitions: number;
  /** Lanes of a shard, 1–10. */
  readonly parallelism: number;
  /** Batches at work at once over all shards. */
  readonly concurrency: number;
  readonly random: () => number;
  /** Told of each poll to come: `pollOf` the lane. */
  readonly queue: EventQueue;
  /** A batch begins; `ended` is to be called when it is done. */
  readonly begin: (lane: number, records: readonly StreamRecord[], at: number) => void;
}

export interface Stream {
  readonly put: (partition: number, conversation: number, at: number) => void;
  readonly polled: (lane: number, at: number) => void;
  readonly ended: (lane: number, records: number, at: number) => void;
  readonly cut: (partition: number, low: number, high: number, at: number) => void;
  /** Drops what waits for its batch, and calls with each. */
  readonly drop: (each: (record: StreamRecord) => void) => void;
  /** The most batches that were at work at once. */
  readonly concurrencyMost: () => number;
}

/** What in the queue of events is a poll of this lane; even numbers are. */
export const pollOf = (lane: number): number => 2 * lane;

interface Shard {
  /** When within each quarter of a second it is asked. */
  readonly phase: number;
  /** Records waiting and at work. */
  outstanding: number;
  open: boolean;
  parts: readonly number[];
}

interface Lane {
  readonly waiting: Fifo;
  state: 'idle' | 'polled' | 'ready' | 'busy';
}

const pollSeconds = 1 / shardPollsPerSecond;

export const createStream = ({ parallelism, concurrency, random, queue, begin, ...start }: StreamStart): Stream => {
  const shards: Shard[] = [];
  const lanes: Lane[] = [];
  /** Lanes in line for an execution, and batches at work. */
  const ready = createFifo();
  let running = 0;
  let most = 0;
  const add = (open: boolean): void => {
    shards.push({ phase: random() * pollSeconds, outstanding: 0, open, parts: [] });
    for (let n = 0; n < parallelism; n += 1) lanes.push({ waiting: createFifo(), state: 'idle' });
  };
  for (let n = 0; n < start.partitions; n += 1) add(true);

  const shardOf = (lane: number): Shard | undefined => shards[Math.floor(lane / parallelism)];
  const wake = (lane: number, at: number): void => {
    const [one, shard] = [lanes[lane], shardOf(lane)];
    if (one?.state !== 'idle' || one.waiting.size === 0 || shard?.open !== true) return;
    one.state = 'polled';
    queue.push(at + pollSeconds - ((at + pollSeconds - shard.phase) % pollSeconds), pollOf(lane));
  };
  const open = (shard: Shard, at: number): void => {
    if (!shard.open || shard.outstanding > 0) return;
    for (const part of shard.parts) {
      const next = shards[part];
      if (next === undefined) continue;
      next.open = true;
      for (let n = 0; n < parallelism; n += 1) wake(part * parallelism + n, at);
      open(next, at);
    }
  };
  const work = (lane: number, at: number): void => {
    const one = lanes[lane];
    if (one === undefined) return;
    one.state = 'busy';
    running += 1;
    most = Math.max(most, running);
    const records: StreamRecord[] = [];
    while (records.length < batchRecords && one.waiting.size > 0) {
      records.push({ conversation: one.waiting.what(), putAt: one.waiting.at() });
      one.waiting.drop();
    }
    begin(lane, records, at);
  };
  const workOn = (at: number): void => {
    while (running < concurrency && ready.size > 0) {
      const next = ready.what();
      ready.drop();
      work(next, at);
    }
  };
  const queueUp = (lane: number, at: number): void => {
    const one = lanes[lane];
    if (one === undefined) return;
    one.state = 'ready';
    ready.push(lane, at);
    workOn(at);
  };

  return {
    put: (partition, conversation, at) => {
      const [shard, lane] = [shards[partition], partition * parallelism + (conversation % parallelism)];
      if (shard === undefined) throw new RangeError(`there is no shard ${partition}`);
      shard.outstanding += 1;
      lanes[lane]?.waiting.push(conversation, at);
      wake(lane, at);
    },
    polled: (lane, at) => {
      // A batch that ended in the meantime may have woken it before its poll.
      if (lanes[lane]?.state === 'polled') queueUp(lane, at);
    },
    ended: (lane, records, at) => {
      const [one, shard] = [lanes[lane], shardOf(lane)];
      if (one === undefined || shard === undefined) return;
      running -= 1;
      shard.outstanding -= records;
      one.state = 'idle';
      // The shard is read on at once: whichever of its lanes has something waiting takes it; otherwise a poll finds it.
      const first = lane - (lane % parallelism);
      for (let n = first; n < first + parallelism; n += 1) {
        const { state, waiting } = lanes[n] ?? one;
        if (waiting.size > 0 && (state === 'idle' || state === 'polled')) queueUp(n, at);
      }
      workOn(at);
      open(shard, at);
    },
    cut: (partition, low, high, at) => {
      const shard = shards[partition];
      if (shard === undefined) return;
      // Numbers are given in order, the two parts' are the next.
      add(false);
      add(false);
      shard.parts = [low, high];
      open(shard, at);
    },
    drop: (each) => {
      for (const { waiting } of lanes) {
        for (; waiting.size > 0; waiting.drop()) each({ conversation: waiting.what(), putAt: waiting.at() });
      }
    },
    concurrencyMost: () => most,
  };
};
