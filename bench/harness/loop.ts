/** The closed loop: so many in flight, each starting its next operation when the last has answered. */
import { cpuMicrosOf } from './processes.ts';
import { percentile } from './stats.ts';
import type { AnyOperation, Subject } from './subject.ts';

export interface Load {
  readonly operation: AnyOperation;
  readonly inFlight: number;
  readonly seconds: number;
}

/** One round of one load on one subject. Latencies in milliseconds; CPU in microseconds per operation. */
export interface RoundResult {
  readonly count: number;
  /** The loop and the settling after it. */
  readonly seconds: number;
  readonly opsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the servers under test. */
  readonly cpuServer: number;
  /** Of the process that asks; a library under test runs in it. */
  readonly cpuClient: number;
}

export const runLoop = async (subject: Subject, load: Load): Promise<RoundResult> => {
  const operation = subject.operations[load.operation];
  if (operation === undefined) throw new Error(`this subject has no ${load.operation}`);
  const latencies: number[] = [];
  const serverBefore = cpuMicrosOf(subject.processes);
  const clientBefore = process.cpuUsage();
  const begin = performance.now();
  const end = begin + load.seconds * 1_000;
  const lane = async (): Promise<void> => {
    for (let started = performance.now(); started < end; ) {
      await operation();
      const now = performance.now();
      latencies.push(now - started);
      started = now;
    }
  };
  await Promise.all(Array.from({ length: load.inFlight }, lane));
  await subject.settle();
  const seconds = (performance.now() - begin) / 1_000;
  const client = process.cpuUsage(clientBefore);
  const server = cpuMicrosOf(subject.processes) - serverBefore;
  const count = latencies.length;
  const ascending = Float64Array.from(latencies).sort();
  return {
    count,
    seconds,
    opsPerSecond: count / seconds,
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
    cpuServer: server / count,
    cpuClient: (client.user + client.system) / count,
  };
};
