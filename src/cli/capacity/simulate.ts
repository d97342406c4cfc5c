/**
 * A run in flows: traffic a second at a time against the table, its index, its stream and the fan-out. It answers in a moment for a whole
 * day, and what is refused and how late things are only roughly: `table-events.ts` runs the same event by event, and docs/SCALE.md
 * says where they differ.
 *
 * What is refused is not lost: senders keep it and ask again after some seconds (the client's outbox), the fan-out keeps its place in
 * the stream. The answer counts how much was refused and how late inboxes were.
 */
import { grownBy } from './before.ts';
import { delaysOf, type Flow, queueSeconds, weightedPercentile } from './delays.ts';
import {
  batchesInLine,
  batchMessages,
  batchSeconds,
  concurrencyOf,
  executionSeconds,
  type Shards,
  shardRate,
} from './fanout.ts';
import { type Figures, share } from './figures.ts';
import { type Keyspace, makeKeyspace } from './keyspace.ts';
import { newTableReadUnits, newTableWriteUnits, shardPollsPerSecond } from './limits.ts';
import type { OnDemand } from './on-demand.ts';
import { bytesKept, units } from './question.ts';
import { outboxRetrySeconds, type Run, type Window } from './traffic.ts';

/** One minute of a run: rates are means, delays the worst second's. */
export interface Minute {
  readonly sends: number;
  readonly refusedShare: number;
  readonly refusedUpdates: number;
  readonly delaySeconds: number;
  readonly tableUnits: number;
  readonly indexUnits: number;
}

export interface Outcome extends Figures {
  readonly minutes: readonly Minute[];
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

interface State {
  readonly table: Keyspace;
  readonly index: Keyspace;
  readonly reads: OnDemand;
  partitions: number;
  /** Messages whose rows are not updated yet: of all conversations, and those of the busiest inbox that were set aside. */
  behind: number;
  behindHot: number;
  /** Of those behind, how many are to the busiest inbox. */
  behindToInbox: number;
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
  const cameShare = traffic.sends > hot ? traffic.busiestInbox / (traffic.sends - hot) : 0;
  const shards: Shards = {
    count: state.partitions,
    parallelism: question.shardParallelism,
    updatesPerMessage: question.groupSize / question.messagesPerBatch,
  };
  // The fan-out wants to be through with everything that waits, this second's messages included.
  const waiting = state.behind + Math.max(0, offered - hot);
  const wanted = Math.min(waiting, state.pace, shards.count * shardRate(shards, waiting / shards.count));
  // What waits is made up as it came, not as this second's messages are.
  const hotInboxShare = waiting > 0 ? (state.behindToInbox + (offered - hot) * cameShare) / waiting : 0;
  const hotUpdates =
    batchesInLine(hot, batchSeconds(traffic.busiestConversationSize)) *
    traffic.busiestConversationSize *
    (hot > 0 ? 1 : 0);
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
  state.behindToInbox = Math.max(
    0,
    state.behindToInbox + (accepted - hot * table.hot) * cameShare - through * hotInboxShare,
  );
  const perShard = wanted / shards.count;
  const line = executionSeconds(shards, perShard);
  const work = batchSeconds(batchMessages(perShard) * shards.updatesPerMessage) + line;
  const messages = traffic.sends - hot;
  const demandUpdates = messages * shards.updatesPerMessage + hotUpdates;
  const demand = {
    table: traffic.sends + demandUpdates + traffic.readMarks * units.markRead.table,
    index: demandUpdates * units.updateRow.index + traffic.readMarks * units.markRead.index,
    perShard: messages / shards.count,
  };
  const readsOffered = traffic.pages * question.uncachedShare * units.page.read + traffic.inboxes * units.inbox.read;
  const readsWarm = state.reads.warm(second);
  const readsServed = Math.min(readsOffered, readsWarm, question.unitsQuota);
  state.reads.served(second, readsServed);
  return {
    asked: traffic.sends,
    offered,
    refused,
    updates,
    updatesRefused: otherUpdates * (1 - spreadServed) + hotInboxUpdates * (1 - hotServed),
    readsOffered,
    readsRefused: readsOffered - readsServed,
    came: accepted - hot * table.hot,
    served: through,
    hotCame: (accepted - hot * table.hot) * cameShare,
    hotServed: setAside ? hotInboxUpdates * hotServed : through * hotInboxShare,
    work,
    tableUnits: tableSpread + hot,
    indexUnits: indexSpread + hotInboxUpdates * units.updateRow.index,
    demand,
    warmShare: Math.max(demand.table / table.warm, demand.index / index.warm, readsOffered / readsWarm),
    indexPartitions: index.partitions,
    concurrency: concurrencyOf(shards, demand.perShard),
  };
};

const minuteOf = (seconds: readonly Second[], queued: readonly number[]): Minute => {
  const sum = (of: (one: Second) => number): number => seconds.reduce((total, one) => total + of(one), 0);
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

/** @param window which part of the day; all of it unless said. It begins with nothing refused and nothing behind. */
export const simulate = (run: Run, window: Window = { from: 0, to: run.seconds }): Outcome => {
  const { question } = run;
  const { from, to } = window;
  const kept = bytesKept(question);
  const quota = question.unitsQuota;
  const state: State = {
    table: makeKeyspace({ onDemand: grownBy(run, from, 'table', newTableWriteUnits), bytes: kept.table, quota }, from),
    index: makeKeyspace({ onDemand: grownBy(run, from, 'index', newTableWriteUnits), bytes: kept.index, quota }, from),
    reads: grownBy(run, from, 'reads', newTableReadUnits),
    partitions: 1,
    behind: 0,
    behindHot: 0,
    behindToInbox: 0,
    outbox: 0,
    pace: Number.MAX_SAFE_INTEGER,
    hotPace: Number.MAX_SAFE_INTEGER,
  };
  // Before the first second only the table's own start says how many shards there are.
  state.partitions = state.table.write(from, { spread: 0, hot: 0 }).partitions;
  const seconds: Second[] = [];
  let hotConversation = 0;
  let hotInbox = 0;
  for (let second = from; second < to; second += 1) {
    const traffic = run.traffic(second);
    hotConversation = Math.max(hotConversation, traffic.busiestConversation);
    hotInbox = Math.max(hotInbox, traffic.busiestInbox);
    seconds.push(step(state, run, second));
  }
  const sum = (of: (one: Second) => number): number => seconds.reduce((total, one) => total + of(one), 0);
  const most = (of: (one: Second) => number): number => seconds.reduce((top, one) => Math.max(top, of(one)), 0);
  const work = seconds.map((one) => one.work);
  const flow: Flow = { came: seconds.map((one) => one.came), served: seconds.map((one) => one.served) };
  const hotFlow: Flow =
    question.refusedRows === 'set-aside'
      ? { came: seconds.map((one) => one.hotCame), served: seconds.map((one) => one.hotServed) }
      : flow;
  const queued = queueSeconds(flow);
  const minutes = Array.from({ length: Math.floor((to - from) / 60) }, (_, n) =>
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
      ((state.behind + state.behindHot) * (to - from)) /
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
