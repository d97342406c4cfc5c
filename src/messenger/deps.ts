/** What the use cases are given: the table's patterns, the ports, time and chance. */
import type { Bus } from '#bus/port';
import type { Cache } from '#cache/port';
import type { KeyEraser, Sealer } from '#crypto/port';
import type { Patterns } from '#store/patterns';

export interface Deps {
  readonly patterns: Patterns;
  readonly sealer: Sealer;
  /** What erases data keys; without it, erased texts are gone from the table, but a backup of it stays readable. */
  readonly keys?: KeyEraser;
  readonly cache: Cache;
  readonly bus: Bus;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}
