/** What is watched while the soak runs: who holds the lease of the feed, and the memory of a node. */
import { readFileSync } from 'node:fs';
import type { Patterns } from '#store/patterns';
import type { ChangeFeed } from '#table/port';

const leaseEveryMs = 500;
const memoryEveryMs = 2_000;
const pageBytes = 4_096;
const consumer = 'fanout';

/** Counts how often a shard's lease changed hands, and how long after a blow. Asks the table itself, past its faults. */
export const watchLeases = (feed: ChangeFeed, patterns: Patterns) => {
  const owners = new Map<string, string>();
  let struckAt: number | undefined;
  let takeovers = 0;
  let longestMs = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    for (const { id } of await feed.shards()) {
      const owner = (await patterns.getCheckpoint(consumer, id))?.owner;
      if (owner === undefined || owners.get(id) === owner) continue;
      if (owners.has(id)) {
        takeovers += 1;
        if (struckAt !== undefined) longestMs = Math.max(longestMs, Date.now() - struckAt);
      }
      owners.set(id, owner);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // A table too busy to answer is asked again.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, leaseEveryMs);
  return {
    /** A node is about to be killed or stalled, perhaps the one that holds it. */
    struck: () => {
      struckAt = Date.now();
    },
    takeovers: () => takeovers,
    longestMs: () => longestMs,
    stop: () => clearInterval(timer),
  };
};

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;

/** The resident memory of a process, in thirds of the time: the first is for warming up. */
export const watchMemory = (pid: () => number | undefined) => {
  const samples: number[] = [];
  const timer = setInterval(() => {
    const resident = Number(readFileSync(`/proc/${pid()}/statm`, 'utf8').split(' ')[1]);
    samples.push(resident * pageBytes);
  }, memoryEveryMs);
  const third = (index: number): number =>
    median(samples.slice((index * samples.length) / 3, ((index + 1) * samples.length) / 3));
  const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MB`;
  return {
    /** From the middle third to the last, by their medians. */
    grewBytes: () => third(2) - third(1),
    text: () => `medians of thirds ${[0, 1, 2].map((index) => megabytes(third(index))).join(', ')}`,
    stop: () => clearInterval(timer),
  };
};
