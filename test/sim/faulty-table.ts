/**
 * A node's view of the table over a bad network: delays, answers that are lost although the write happened, answers that are
 * old when they come, writes that land long after the caller gave up, throttling; and, when the node has crashed, silence.
 */
import { TableError } from '#table/errors';
import type { CallOptions, ChangeFeed, Table } from '#table/port';
import type { World } from './world.ts';

/** How bad it is; shares of calls. */
export interface Faults {
  readonly lost: number;
  readonly late: number;
  /** Answers that take nearly as long as the caller waits for them. */
  readonly slow: number;
  readonly throttled: number;
  readonly delayMs: number;
}

export const calm: Faults = { lost: 0, late: 0, slow: 0, throttled: 0, delayMs: 4 };

/** The caller gives up after this long. */
const timeoutMs = 300;

export interface Link {
  faults: Faults;
  /** False once the node at this end has crashed: nothing it asked for is answered any more. */
  alive: boolean;
  /** What the clock at this end is ahead of the world's: deadlines are told by it. */
  readonly skewMs: number;
  /** Until then, in the world's time, nothing gets through in either direction. */
  cutUntil?: number;
}

export const overNetwork = (world: World, table: Table, link: Link): Table => {
  const never = new Promise<never>(() => undefined);

  const ask = <R>(run: () => Promise<R>): Promise<R> => {
    const { lost, late, slow, throttled, delayMs } = link.faults;
    const travel = world.random() * delayMs;
    if (!link.alive) return never;
    if (world.now < (link.cutUntil ?? 0)) {
      return world.wait(timeoutMs).then(() => {
        throw new TableError('unavailable', 'cut off in the simulation');
      });
    }
    if (world.chance(throttled)) {
      return world.wait(travel).then(() => {
        throw new TableError('throttled', 'throttled by the simulation');
      });
    }
    const landing = world.chance(late) ? timeoutMs * (0.5 + 12 * world.random()) : travel;
    const answerLost = world.chance(lost);
    const answer = world.wait(landing).then(async () => {
      // What was sent before a crash may still land after it.
      const result = await run();
      if (answerLost) return never;
      await world.wait(world.random() * (world.chance(slow) ? timeoutMs : delayMs));
      return result;
    });
    return new Promise<R>((resolve, reject) => {
      const cancel = world.after(timeoutMs + travel, () =>
        reject(new TableError('unavailable', 'no answer in the simulation', { outcome: 'unknown' })),
      );
      answer.finally(cancel).then(resolve, reject);
    }).then(
      (result) => (link.alive ? result : never),
      (error: unknown) => (link.alive ? Promise.reject(error) : never),
    );
  };

  const worldly = <C extends CallOptions>(call: C | undefined): C | undefined =>
    call?.deadline === undefined ? call : { ...call, deadline: call.deadline - link.skewMs };

  const feed: ChangeFeed = {
    shards: (call?: CallOptions) => ask(() => table.feed.shards(call)),
    read: (shard, start, limit, call) => ask(() => table.feed.read(shard, start, limit, call)),
    // Only a hint: here it comes late, or not at all.
    onChange: (listener) =>
      table.feed.onChange((fresh) => {
        if (link.alive && world.chance(0.5)) world.after(world.random() * 20, () => listener(fresh));
      }),
  };
  return {
    name: table.name,
    get: (request, call) => ask(() => table.get(request, worldly(call))),
    put: (request, call) => ask(() => table.put(request, worldly(call))),
    update: (request, call) => ask(() => table.update(request, worldly(call))),
    delete: (request, call) => ask(() => table.delete(request, worldly(call))),
    query: (request, call) => ask(() => table.query(request, worldly(call))),
    batchGet: (keys, consistent, call) => ask(() => table.batchGet(keys, consistent, worldly(call))),
    batchWrite: (writes, call) => ask(() => table.batchWrite(writes, worldly(call))),
    feed,
    close: async () => undefined,
  };
};
