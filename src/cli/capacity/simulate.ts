/**
 * A run: traffic a second at a time against the table, its index, its stream and the fan-out. Time-stepped, because every limit
 * that AWS documents is per second and what happens within one is not documented; flows in place of single requests, because
 * at these rates their deviations from the mean are below a percent.
 *
 * What is refused is not lost: senders keep it and ask again after some seconds (the client's outbox), the fan-out keeps its place in
 * the stream. The answer counts how much was refused and how late inboxes were.
 */
import { delaysOf, type Flow, queueSeconds, weightedPercentile } from './delays.ts';
import { batchesOf, batchSeconds, concurrencyOf, type Shards, shardRate } from './fanout.ts';
import { type Keyspace, makeKeyspace } from './keyspace.ts';
import { newTableReadUnits, onDemandGrowth, shardPollsPerSecond } from './limits.ts';
import { messageItemBytes, messagesKept, type Question, rowItemBytes, rowsKept, units } from './question.ts';

/** What people do in one second. */
export interface Traffic {
  /** Messages, all of them. */
  readonly sends: number;
  /** Of those, how many go to the busiest conversation, and how many people are in it. */
  readonly busiestConversation: number;
  readonly busiestConversationSize: number;
  /** Of those, how many go to one person's inbox, each from a conversation of its own. */
  readonly busiestInbox: number;
  readonly pages: number;
  readonly inboxes: number;
  readonly readMarks: number;
}

export interface Run {
  readonly question: Question;
  readonly seconds: number;
  readonly traffic: (second: number) => Traffic;
  /** The highest units a second before the run. */
  readonly peakBefore: { readonly table: number; readonly index: number; readonly reads: number };
}

/** One minute of a run: rates are means, delays the worst second's. */
export interface Minute {
  readonly sends: number;
  readonly refusedShare: number;
  readonly refusedUpdates: number;
  readonly delaySeconds: number;
  readonly tableUnits: number;
  readonly indexUnits: number;
}

export interface Outcome {
  readonly minutes: readonly Minute[];
  readonly tablePartitions: number;
  readonly indexPartitions: number;
  /** Of first tries to send, of updates of rows, and of reads. */
  readonly refusedSends: number;
  readonly refusedUpdates: number;
  readonly refusedReads: number;
  /** From the entry's write to the row's, in seconds, of all messages but those to the busiest inbox. */
  readonly delayP50: number;
  readonly delayP99: number;
  /** Of those. */
  readonly busiestInboxP99: number;
  /** How far behind the fan-out was when the run ended, in seconds of traffic: delays are lower bounds when that is long. */
  readonly behindSeconds: number;
  readonly peak: {
    readonly table: number;
    readonly index: number;
    readonly reads: number;
    readonly concurrency: number;
    readonly messagesPerShard: number;
    readonly hotConversation: number;
    readonly hotInbox: number;
    /** Units asked for as a share of what on demand had grown to. */
    readonly warmShare: number;
  };
}

/** How long a client waits before it sends again what was refused, on average: its backoff's usual step. */
export const outboxRetrySeconds = 30;

interface State {
  readonly table: Keyspace;
  readonly index: Keyspace;
  readsWarm: number;
  partitions: number;
  /** Messages whose rows are not updated yet: of all conversations, and those of the busiest inbox that were set aside. */
  behind: number;
  behindHot: number;
  /** Sends that were refused and will be asked again. */
  outbox: number;
  /** Messages a second that the fan-out dares, and updates a second of what was set aside: less after a refusal. */
  pace: number;
  hotPace: number;
}

/** Backing off: after a refusal no more is asked for than was served, and a little; without one, half as much again. */
const nextPace = (asked: number, served: number, pace: number): number =>
  served < asked * 0.999 ? Math.max(1, served * 1.02) : Math.max(pace, asked * 1.5);

interface Second {
  readonly asked: number;
  readonly offered: number;
  readonly refused: number;
  readonly updates: number;
  readonly updatesRefused: number;
  readonly readsOffered: number;
  readonly readsRefused: number;
  /** Messages that came to the fan-out and that it served; `hot` are those to the busiest inbox, when set aside. */
  readonly came: number;
  readonly served: number;
  readonly hotCame: number;
  readonly hotServed: number;
  /** Seconds that a batch takes. */
  readonly work: number;
  readonly tableUnits: number;
  readonly indexUnits: number;
  /** What it would be if nothing had been refused before: the demand, without repeats. */
  readonly demand: { readonly table: number; readonly index: number; readonly perShard: number };
  readonly warmShare: number;
  readonly indexPartitions: number;
  readonly concurrency: number;
}

/** What one second does; advances the state. */
const step = (state: State, run: Run, second: number): Second => {
  const { question } = run;
  const traffic = run.traffic(second);
  const again = state.outbox / outboxRetrySeconds;
  const offered = traffic.sends + again;
  const hot = traffic.busiestConversation;
  const hotInboxShare = traffic.sends > hot ? traffic.busiestInbox / (traffic.sends - hot) : 0;
  const shards: Shards = {
    count: state.partitions,
    parallelism: question.shardParallelism,
    updatesPerMessage: question.groupSize / question.messagesPerBatch,
  };
  // The fan-out wants to be through with everything that waits, this second's messages included.
  const waiting = state.behind + Math.max(0, offered - hot);
  const wanted = Math.min(waiting, state.pace, shards.count * shardRate(shards, waiting / shards.count));
  const hotUpdates = batchesOf(hot) * traffic.busiestConversationSize * (hot > 0 ? 1 : 0);
  const hotInboxUpdates = Math.min(wanted * hotInboxShare + state.behindHot, state.hotPace);
  const otherUpdates = wanted * (shards.updatesPerMessage - hotInboxShare) + hotUpdates;
  const updates = otherUpdates + hotInboxUpdates;

  const tableSpread = offered - hot + updates + traffic.readMarks * units.markRead.table;
  const table = state.table.write(second, { spread: tableSpread, hot: hot * units.append.table });
  const indexSpread = otherUpdates * units.updateRow.index + traffic.readMarks * units.markRead.index;
  const index = state.index.write(second, { spread: indexSpread, hot: hotInboxUpdates * units.updateRow.index });
  state.partitions = table.partitions;

  const refused = (offered - hot) * (1 - table.spread) + hot * (1 - table.hot);
  state.outbox += refused - again;
  const accepted = offered - refused;
  // A write of the base table needs the index to take its share as well: back-pressure.
  const spreadServed = Math.min(table.spread, index.spread);
  const hotServed = Math.min(table.spread, index.hot);
  const setAside = question.refusedRows === 'set-aside';
  const blocked = !setAside && hotInboxUpdates > 0 ? hotServed : 1;
  const through = wanted * spreadServed * Math.min(1, blocked);
  if (setAside) {
    state.behindHot = Math.max(0, state.behindHot + wanted * hotInboxShare - hotInboxUpdates * hotServed);
    state.hotPace = nextPace(hotInboxUpdates, hotInboxUpdates * hotServed, state.hotPace);
  }
  state.pace = nextPace(wanted, through, state.pace);
  const before = state.behind;
  state.behind = Math.max(0, before + accepted - hot * table.hot - through);
  const perShard = wanted / shards.count;
  const work = batchSeconds(Math.min(100, Math.max(1, perShard / shardPollsPerSecond)) * shards.updatesPerMessage);
  const messages = traffic.sends - hot;
  const demandUpdates = messages * shards.updatesPerMessage + hotUpdates;
  const demand = {
    table: traffic.sends + demandUpdates + traffic.readMarks * units.markRead.table,
    index: demandUpdates * units.updateRow.index + traffic.readMarks * units.markRead.index,
    perShard: messages / shards.count,
  };
  const readsOffered = traffic.pages * question.uncachedShare * units.page.read + traffic.inboxes * units.inbox.read;
  const readsCeiling = Math.min(state.readsWarm, question.unitsQuota);
  return {
    asked: traffic.sends,
    offered,
    refused,
    updates,
    updatesRefused: otherUpdates * (1 - spreadServed) + hotInboxUpdates * (1 - hotServed),
    readsOffered,
    readsRefused: Math.max(0, readsOffered - readsCeiling),
    came: accepted - hot * table.hot,
    served: through,
    hotCame: (accepted - hot * table.hot) * hotInboxShare,
    hotServed: setAside ? hotInboxUpdates * hotServed : through * hotInboxShare,
    work,
    tableUnits: tableSpread + hot,
    indexUnits: indexSpread + hotInboxUpdates * units.updateRow.index,
    demand,
    warmShare: Math.max(demand.table / table.warm, demand.index / index.warm, readsOffered / state.readsWarm),
    indexPartitions: index.partitions,
    concurrency: concurrencyOf(shards, demand.perShard),
  };
};

const minuteOf = (seconds: readonly Second[], queued: readonly number[]): Minute => {
  const sum = (of: (one: Second) => number): number => seconds.reduce((total, one) => total + of(one), 0);
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  return {
    sends: sum((one) => one.offered - one.refused) / seconds.length,
    refusedShare: share(
      sum((one) => one.refused),
      sum((one) => one.offered),
    ),
    refusedUpdates: share(
      sum((one) => one.updatesRefused),
      sum((one) => one.updates),
    ),
    delaySeconds: Math.max(...seconds.map((one, n) => one.work + (queued[n] ?? 0))) + 1 / shardPollsPerSecond,
    tableUnits: sum((one) => one.tableUnits) / seconds.length,
    indexUnits: sum((one) => one.indexUnits) / seconds.length,
  };
};

export const simulate = (run: Run): Outcome => {
  const { question, peakBefore } = run;
  const rowBytes = rowsKept(question) * rowItemBytes;
  const bytes = messagesKept(question) * messageItemBytes + rowBytes;
  const state: State = {
    table: makeKeyspace({ peakBefore: peakBefore.table, bytes, quota: question.unitsQuota }),
    index: makeKeyspace({ peakBefore: peakBefore.index, bytes: rowBytes, quota: question.unitsQuota }),
    readsWarm: Math.max(newTableReadUnits, onDemandGrowth * peakBefore.reads),
    partitions: 1,
    behind: 0,
    behindHot: 0,
    outbox: 0,
    pace: Number.MAX_SAFE_INTEGER,
    hotPace: Number.MAX_SAFE_INTEGER,
  };
  // Before the first second only the table's own start says how many shards there are.
  state.partitions = state.table.write(0, { spread: 0, hot: 0 }).partitions;
  const seconds: Second[] = [];
  let hotConversation = 0;
  let hotInbox = 0;
  for (let second = 0; second < run.seconds; second += 1) {
    const traffic = run.traffic(second);
    hotConversation = Math.max(hotConversation, traffic.busiestConversation);
    hotInbox = Math.max(hotInbox, traffic.busiestInbox);
    seconds.push(step(state, run, second));
  }
  const sum = (of: (one: Second) => number): number => seconds.reduce((total, one) => total + of(one), 0);
  const most = (of: (one: Second) => number): number => seconds.reduce((top, one) => Math.max(top, of(one)), 0);
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  const work = seconds.map((one) => one.work);
  const flow: Flow = { came: seconds.map((one) => one.came), served: seconds.map((one) => one.served) };
  const hotFlow: Flow =
    question.refusedRows === 'set-aside'
      ? { came: seconds.map((one) => one.hotCame), served: seconds.map((one) => one.hotServed) }
      : flow;
  const queued = queueSeconds(flow);
  const minutes = Array.from({ length: Math.floor(run.seconds / 60) }, (_, n) =>
    minuteOf(seconds.slice(n * 60, n * 60 + 60), queued.slice(n * 60, n * 60 + 60)),
  );
  const delays = delaysOf(flow, work);
  return {
    minutes,
    tablePartitions: state.partitions,
    indexPartitions: seconds.at(-1)?.indexPartitions ?? 0,
    refusedSends: share(
      sum((one) => one.refused),
      sum((one) => one.offered),
    ),
    refusedUpdates: share(
      sum((one) => one.updatesRefused),
      sum((one) => one.updates),
    ),
    refusedReads: share(
      sum((one) => one.readsRefused),
      sum((one) => one.readsOffered),
    ),
    delayP50: weightedPercentile(delays, 0.5),
    delayP99: weightedPercentile(delays, 0.99),
    busiestInboxP99: weightedPercentile(delaysOf(hotFlow, work), 0.99),
    behindSeconds:
      ((state.behind + state.behindHot) * run.seconds) /
      Math.max(
        1,
        sum((one) => one.came),
      ),
    peak: {
      table: most((one) => one.demand.table),
      index: most((one) => one.demand.index),
      reads: most((one) => one.readsOffered),
      concurrency: most((one) => one.concurrency),
      messagesPerShard: most((one) => one.demand.perShard),
      hotConversation,
      hotInbox,
      warmShare: most((one) => one.warmShare),
    },
  };
};
