/**
 * One partition with its stream's shard, event by event: people sit down to a conversation, write a message after another, and get up;
 * each message is put by itself, waits for Lambda's poll, and is in a batch with what came meanwhile. The model of whole tables
 * (`simulate.ts`) counts in flows, a second at a time; this one shows what happens within a second, and checks the other.
 */
import {
  batchOverheadSeconds,
  batchRecords,
  batchWritesInFlight,
  partitionWriteUnits,
  shardPollsPerSecond,
  writeSeconds,
} from './limits.ts';
import { entryUnits, units } from './question.ts';
import { outboxRetrySeconds } from './simulate.ts';
import { messageBytesAt, messagesPerSittingAt, messagesPerSittingMean, sittingGapSeconds } from './workload.ts';

/** What AWS does not say and we assume; given, so that an answer's sensitivity to it can be asked for. */
export interface Assumed {
  readonly writeSeconds: number;
  readonly batchOverheadSeconds: number;
  readonly batchWritesInFlight: number;
}

export const assumed: Assumed = { writeSeconds, batchOverheadSeconds, batchWritesInFlight };

export interface ShardQuestion {
  /** To this partition, on average. */
  readonly messagesPerSecond: number;
  /** Rows that one message changes; the partition holds as large a share of all rows as of all messages. */
  readonly participants: number;
  /** Batches at once, 1–10. */
  readonly parallelism: number;
  readonly seconds: number;
  readonly random: () => number;
  readonly assumed?: Assumed;
}

export interface ShardAnswer {
  readonly messages: number;
  /** Seconds from a message's put to the end of the batch that brought its rows up to date. */
  readonly delayP50: number;
  readonly delayP99: number;
  /** Row updates of the fan-out, and write units of everything, per message. */
  readonly updatesPerMessage: number;
  readonly unitsPerMessage: number;
  /** Of first tries to send. */
  readonly refusedShare: number;
}

interface Message {
  /** Seconds since the beginning: when it is sent; once refused, when it is sent again; once put, when that was. */
  readonly at: number;
  readonly conversation: number;
  readonly units: number;
}

/** Everybody's messages, in order; people who sat down before the beginning are still writing at it. */
const messagesOf = ({ messagesPerSecond, seconds, random }: ShardQuestion): Message[] => {
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const sittings = messagesPerSecond / messagesPerSittingMean();
  const messages: Message[] = [];
  let conversation = 0;
  for (let begun = -messagesPerSittingAt(1) * sittingGapSeconds; begun < seconds; begun += exponential(1 / sittings)) {
    conversation += 1;
    let at = begun;
    for (let left = Math.round(messagesPerSittingAt(random())); left > 0; left -= 1) {
      if (at >= 0 && at < seconds) messages.push({ at, conversation, units: entryUnits(messageBytesAt(random())) });
      at += exponential(sittingGapSeconds);
    }
  }
  return messages.sort((a, b) => a.at - b.at);
};

/** A second's units in advance and no more: what a partition had left over before is not promised. */
const createBucket = () => {
  let left = partitionWriteUnits;
  let filled = 0;
  const fill = (at: number): void => {
    left = Math.min(partitionWriteUnits, left + (at - filled) * partitionWriteUnits);
    filled = at;
  };
  return {
    /** Takes them, or says that it has not so many. */
    take: (at: number, wanted: number): boolean => {
      fill(at);
      if (left < wanted) return false;
      left -= wanted;
      return true;
    },
    /** Takes them, be it in advance; how many seconds until it has them. */
    await: (at: number, wanted: number): number => {
      fill(at);
      left -= wanted;
      return Math.max(0, -left / partitionWriteUnits);
    },
  };
};

/** Runs the events in the order of their times until every message is in its rows. */
export const runShard = (question: ShardQuestion): ShardAnswer => {
  const { participants, parallelism } = question;
  const times = question.assumed ?? assumed;
  const messages = messagesOf(question);
  const bucket = createBucket();
  /** Refused sends, tried again after a wait that is the same for all: the first to be tried again is the first. */
  const again: Message[] = [];
  const waiting: Message[] = [];
  const batchEnds: number[] = [];
  const delays: number[] = [];
  const sum = { updates: 0, units: 0, refused: 0 };
  let [next, nextAgain, poll] = [0, 0, question.random() / shardPollsPerSecond];

  const put = (message: Message, at: number): boolean => {
    if (bucket.take(at, message.units)) {
      sum.units += message.units;
      waiting.push({ ...message, at });
      return true;
    }
    again.push({ ...message, at: at + outboxRetrySeconds });
    return false;
  };
  const startBatches = (at: number): void => {
    while (waiting.length > 0 && batchEnds.length < parallelism) {
      const batch = waiting.splice(0, batchRecords);
      const updates = participants * new Set(batch.map(({ conversation }) => conversation)).size;
      sum.updates += updates;
      sum.units += updates * (units.updateRow.table + units.updateRow.index);
      const writes = Math.ceil(updates / times.batchWritesInFlight) * times.writeSeconds;
      const end = at + times.batchOverheadSeconds + writes + bucket.await(at, updates * units.updateRow.table);
      batchEnds.push(end);
      batchEnds.sort((a, b) => a - b);
      for (const message of batch) delays.push(end - message.at);
    }
  };

  while (delays.length < messages.length) {
    const sent = messages[next]?.at ?? Number.POSITIVE_INFINITY;
    const retried = again[nextAgain]?.at ?? Number.POSITIVE_INFINITY;
    const ended = batchEnds[0] ?? Number.POSITIVE_INFINITY;
    const at = Math.min(sent, retried, ended, poll);
    const [message, late] = [messages[next], again[nextAgain]];
    if (at === ended) {
      batchEnds.shift();
      // Whoever has worked off a batch takes the next at once, where one waits; otherwise the poll finds it.
      startBatches(at);
    } else if (at === sent && message !== undefined) {
      next += 1;
      if (!put(message, at)) sum.refused += 1;
    } else if (at === retried && late !== undefined) {
      nextAgain += 1;
      put(late, at);
    } else {
      poll += 1 / shardPollsPerSecond;
      startBatches(at);
    }
  }
  const ascending = delays.sort((a, b) => a - b);
  const at = (share: number): number => ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? 0;
  const count = Math.max(1, messages.length);
  return {
    messages: messages.length,
    delayP50: at(0.5),
    delayP99: at(0.99),
    updatesPerMessage: sum.updates / count,
    unitsPerMessage: sum.units / count,
    refusedShare: sum.refused / count,
  };
};
