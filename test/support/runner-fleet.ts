/** Runners of the fan-out over a feed that the test writes, in virtual time: any of them stalls or crashes when it is told to. */
import { startFeedRunner } from '#messenger/feed-runner';
import { RecordSetAside } from '#messenger/set-aside';
import { createPatterns, type PatternUse } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { ChangeFeed, ChangeRecord, FeedPage, FreshRecords, Table } from '#table/port';
import { mainSchema } from '#table/schema';
import { World } from '../sim/world.ts';

/** A feed of several shards, written by the test: records by shard, and which shards have ended. */
const createScriptedFeed = (shards: { id: string; parent?: string }[], reading: () => Promise<void>) => {
  const records = new Map<string, ChangeRecord[]>(shards.map(({ id }) => [id, []]));
  const ended = new Set<string>();
  const positionOf = (index: number) => String(index).padStart(6, '0');
  const limits: number[] = [];
  const given: string[] = [];
  const listeners = new Set<(fresh?: FreshRecords) => void>();
  const feed: ChangeFeed = {
    shards: async () => shards,
    read: async (shard, start, limit): Promise<FeedPage> => {
      limits.push(limit);
      await reading();
      const all = records.get(shard) ?? [];
      const from = typeof start === 'string' ? 0 : Number(start.after);
      const page = all.slice(from, from + limit);
      const reached = from + page.length;
      given.push(...page.map(({ key }) => key.pk));
      return { records: page, position: ended.has(shard) && reached === all.length ? undefined : positionOf(reached) };
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  /** Tells whoever listens of the last records of a shard, and gives them along. */
  const tell = (shard: string, count: number): void => {
    const all = records.get(shard) ?? [];
    const [after, position] = [positionOf(all.length - count), positionOf(all.length)];
    for (const listener of listeners) listener({ shard, after, position, records: all.slice(-count) });
  };
  const write = (shard: string, name: string): void => {
    const all = records.get(shard) ?? [];
    const key = { pk: name, sk: 'x' };
    all.push({ position: positionOf(all.length + 1), kind: 'insert', key, before: undefined, after: key, at: 0 });
  };
  return { feed, write, tell, limits, given, end: (shard: string) => ended.add(shard) };
};

/** @param readMs how long each reading of the feed takes. */
export const createFleet = (shards: { id: string; parent?: string }[] = [{ id: 'a' }], readMs = 0) => {
  const world = new World(1);
  const reading = (): Promise<void> => (readMs === 0 ? Promise.resolve() : world.wait(readMs));
  const table = createMemoryTable({ schema: mainSchema, name: 'fleet', now: () => world.now });
  const { feed, write, tell, limits, given, end } = createScriptedFeed(shards, reading);
  const applied: { by: string; shard: string; at: number }[] = [];
  const failures: unknown[] = [];
  const uses: PatternUse[] = [];
  const observe = (use: PatternUse) => uses.push(use);

  const start = (
    owner: string,
    apply?: (records: readonly ChangeRecord[], rowsAtOnce: (() => number) | undefined) => Promise<void>,
  ) => {
    // While it is stalled nothing goes out and nothing comes in; a crash is a stall without an end.
    let gate = Promise.resolve();
    const whileAlive =
      <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await gate;
        const result = await run(...args);
        await gate;
        return result;
      };
    const mine: Table = { ...table, get: whileAlive(table.get), update: whileAlive(table.update) };
    const note = async (records: readonly ChangeRecord[], rowsAtOnce: (() => number) | undefined) => {
      await apply?.(records, rowsAtOnce);
      for (const { key } of records) applied.push({ by: owner, shard: key.pk, at: world.now });
    };
    const patterns = createPatterns(mine, observe, () => 0);
    const time = { now: () => world.now, wait: (ms: number, signal: AbortSignal) => world.wait(ms, signal) };
    const seen = { ...feed, shards: whileAlive(feed.shards), read: whileAlive(feed.read) };
    const begin = () => {
      const batch: ChangeRecord[] = [];
      return {
        size: 0,
        add: (more: readonly ChangeRecord[]) => void batch.push(...more),
        apply: (rowsAtOnce?: () => number) => note(batch, rowsAtOnce),
      };
    };
    const runner = startFeedRunner(seen, patterns, { begin }, 'fanout', time, (error) => failures.push(error), owner);
    const stall = (): (() => void) => {
      let goOn = (): void => undefined;
      gate = new Promise((resolve) => {
        goOn = resolve;
      });
      return goOn;
    };
    return { ...runner, stall, crash: () => void stall() };
  };

  const pass = async (ms: number): Promise<void> => {
    const end = world.now + ms;
    world.after(ms, () => undefined);
    await world.until(() => world.now >= end, ms + 1);
  };
  const checkpoint = (shard: string) =>
    createPatterns(
      table,
      () => undefined,
      () => 0,
    ).getCheckpoint('fanout', shard);
  const writes = () => uses.filter(({ pattern, failed }) => pattern === 'putCheckpoint' && !failed).length;
  const setAside = () => failures.filter((error) => error instanceof RecordSetAside);
  return { world, feed, write, tell, limits, given, end, start, applied, setAside, pass, checkpoint, writes };
};
