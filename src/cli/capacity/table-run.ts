/** A window of a run as events: of the whole table, or of a fair sample of its partitions. */
import { grownBy } from './before.ts';
import type { KeysStart } from './keys.ts';
import { partitionsFor } from './keyspace.ts';
import { lambdaConcurrency, newTableReadUnits, newTableWriteUnits } from './limits.ts';
import { bytesKept } from './question.ts';
import type { TableRun } from './table-events.ts';
import type { Run, Traffic, Window } from './traffic.ts';

const sampled = (traffic: Traffic, sample: number): Traffic => {
  const sends = traffic.sends / sample;
  const busiestConversation = Math.min(traffic.busiestConversation, sends);
  return {
    ...traffic,
    sends,
    busiestConversation,
    busiestInbox: Math.min(traffic.busiestInbox, sends - busiestConversation),
    pages: traffic.pages / sample,
    inboxes: traffic.inboxes / sample,
    readMarks: traffic.readMarks / sample,
  };
};

/** The run of a sample: as many people, and as much quota, as it is a share of the whole. */
const sampledRun = ({ question, traffic, peakBefore, seconds }: Run, sample: number): Run => ({
  question: { ...question, users: question.users / sample, unitsQuota: question.unitsQuota / sample },
  seconds,
  traffic: (second) => sampled(traffic(second), sample),
  peakBefore: {
    table: peakBefore.table / sample,
    index: peakBefore.index / sample,
    reads: peakBefore.reads / sample,
  },
});

/**
 * @param sample 1: the table whole; 100: one partition in a hundred, with a hundredth of the people, the quotas and the executions.
 * Conversations and people fall on partitions by hash, so a hundredth of them is a table like the whole: each partition has the
 * same load, and ranks of a sample keep Zipf's law. The busiest conversation and the busiest inbox are in it, whole.
 */
export const tableRun = (whole: Run, { from, to }: Window, sample: number, random: () => number): TableRun => {
  const run = sampledRun(whole, sample);
  const { question } = run;
  const kept = bytesKept(question);
  const keysOf = (kind: 'table' | 'index'): KeysStart => {
    const onDemand = grownBy(run, from, kind, newTableWriteUnits / sample);
    return {
      onDemand,
      partitions: partitionsFor(onDemand.warm(from), kept[kind]),
      quota: question.unitsQuota,
      partitionsFor: (warm) => partitionsFor(warm, 0),
    };
  };
  return {
    question,
    traffic: run.traffic,
    from,
    to,
    drain: false,
    table: keysOf('table'),
    index: keysOf('index'),
    reads: { onDemand: grownBy(run, from, 'reads', newTableReadUnits / sample), quota: question.unitsQuota },
    concurrency: lambdaConcurrency / sample,
    random,
  };
};
