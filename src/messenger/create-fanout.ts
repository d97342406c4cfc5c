/**
 * The fan-out by itself, for a process that does nothing else: a function behind the table's stream. It is given no sealer and
 * imports none, so that it can have no right to any key (SEC-4).
 */
import type { Bus } from '#bus/port';
import type { Cache } from '#cache/port';
import type { Patterns } from '#store/patterns';
import { createFanout, type Fanout } from './fanout.ts';
import { createMemberships } from './memberships.ts';

/** @param cache of this process; nodes that cache pages follow the bus, or their entries' expiry. */
export const createFanoutAlone = (deps: {
  readonly patterns: Patterns;
  readonly cache: Cache;
  readonly bus: Pick<Bus, 'publish'>;
}): Fanout =>
  createFanout({
    patterns: deps.patterns,
    memberships: createMemberships(deps.patterns, deps.cache),
    bus: deps.bus,
    revised: () => undefined,
    profileChanged: () => undefined,
  });
