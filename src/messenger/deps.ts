/** What the use cases are given: the table's patterns, the ports, time and chance. */
import type { Bus } from '#bus/port';
import type { Cache } from '#cache/port';
import type { Sealer } from '#crypto/port';
import type { Patterns } from '#store/patterns';

export interface Deps {
  readonly patterns: Patterns;
  readonly sealer: Sealer;
  readonly cache: Cache;
  readonly bus: Bus;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}
