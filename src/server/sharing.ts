/** What a node shares with the others, as the configuration names it: the bus and the second level of the cache, or neither. */
import { randomUUID } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { createLocalBus } from '#bus/local';
import type { Bus } from '#bus/port';
import { createLocalCache } from '#cache/local';
import type { Cache } from '#cache/port';
import type { Config } from './config.ts';
import { traceOf } from './problem-replies.ts';

/** A server that is away says so many times a second; the log needs it once in a while. */
const complaintMs = 10_000;

export interface Sharing {
  /** This node's name among the others; undefined when it is alone with its table. */
  readonly node: string | undefined;
  readonly bus: Bus;
  readonly cache: Cache;
  close(): Promise<void>;
}

/** @param now milliseconds since the epoch. */
export const openSharing = async (
  { valkey, table }: Config,
  log: FastifyBaseLogger,
  now: () => number,
): Promise<Sharing> => {
  const node = table.kind === 'embedded' ? undefined : randomUUID();
  const busFault = (error: unknown): void => log.error(traceOf(error), 'a listener of the bus failed');
  if (valkey === undefined) {
    const bus = createLocalBus(busFault);
    return { node, bus, cache: createLocalCache(now, Math.random), close: () => bus.close() };
  }
  // Loaded only when used: a node alone starts without it.
  const [{ openTarget }, { createValkeyBus }, { createValkeyLevel }, { createPresigner }, { chainCredentials }] =
    await Promise.all([
      import('#bus/open-target'),
      import('#bus/valkey'),
      import('#cache/valkey'),
      import('#table/dynamodb/presign'),
      import('#table/dynamodb/credentials'),
    ]);
  let complained = Number.NEGATIVE_INFINITY;
  const link = openTarget(valkey, createPresigner(chainCredentials(), now), (error) => {
    if (now() - complained < complaintMs) return;
    complained = now();
    log.warn(traceOf(error), 'Valkey is away; this node goes on without it');
  });
  const name = node ?? randomUUID();
  const bus = createValkeyBus(link, name, busFault);
  const shared = createValkeyLevel(link, name);
  return {
    node: name,
    bus,
    cache: createLocalCache(now, Math.random, { shared }),
    close: async () => {
      await bus.close();
      shared.close();
      await link.close();
    },
  };
};
