/**
 * Leases of shards, so that several nodes share the fan-out: one conditional update of the checkpoint each, no transaction.
 *
 * A lease names its owner and is counted up by every claim and every renewal. It can be taken over only as it was last seen
 * (owner and count), and moved on only by its owner and only to a higher count: an owner that stalled, and a write that lands
 * late, change nothing any more.
 */
import { asStored, type CheckpointItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import { isConditionFailed } from '#table/errors';
import type { Condition } from '#table/port';

/** A finished shard's checkpoint outlives its records, which a stream keeps for 24 hours. */
const forgetAfterSeconds = 48 * 3_600;

/** What the holder of a lease writes: how far it came, and whether it goes on. */
export interface LeaseUpdate {
  readonly position?: string;
  /** The shard has ended and all of it is applied. */
  readonly done?: boolean;
  /** The holder lets go: the next one need not wait. */
  readonly release?: boolean;
}

export interface Leases {
  readonly owner: string;
  /** The shard's checkpoint as it stands, read consistently; undefined when nobody has begun. */
  look(shard: string): Promise<CheckpointItem | undefined>;
  /** Takes a shard whose checkpoint is still as seen; undefined when it is not. */
  claim(shard: string, seen: CheckpointItem | undefined): Promise<CheckpointItem | undefined>;
  /** Renews the lease that stood at `count`, with news of the shard; the new count, or undefined: the lease is lost. */
  renew(shard: string, count: number, update: LeaseUpdate): Promise<number | undefined>;
}

const same = (attribute: string, value: string | number | undefined): Condition =>
  value === undefined ? { attribute, is: 'absent' } : { attribute, is: '=', value };

/** @param owner names this runner; nobody else's name. @param now milliseconds, for the expiry of finished shards. */
export const createLeases = (patterns: Patterns, consumer: string, owner: string, now: () => number): Leases => {
  const names = (shard: string) => ({ type: 'checkpoint', consumer, shard }) as const;
  return {
    owner,
    look: (shard) => patterns.getCheckpoint(consumer, shard),
    claim: async (shard, seen) => {
      const set = { ...names(shard), owner, lease: (seen?.lease ?? 0) + 1 };
      const asSeen: Condition = { all: [same('owner', seen?.owner), same('lease', seen?.lease)] };
      try {
        return await patterns.putCheckpoint(consumer, shard, { set }, asSeen);
      } catch (error) {
        if (isConditionFailed(error)) return undefined;
        throw error;
      }
    },
    renew: async (shard, count, { position, done, release }) => {
      const lease = count + 1;
      const set = {
        ...names(shard),
        lease,
        ...(position !== undefined && { position }),
        ...(done === true && { done, expires_at: Math.floor(now() / 1_000) + forgetAfterSeconds }),
      };
      const changes = release === true ? { set, remove: { owner: true } as const } : { set };
      const mine: Condition = { all: [same('owner', owner), { attribute: 'lease', is: '<', value: lease }] };
      try {
        await patterns.putCheckpoint(consumer, shard, changes, mine);
        return lease;
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        // An earlier attempt of this very write whose answer was lost is no loss of the lease.
        const standing = error.item && asStored<CheckpointItem>(error.item);
        return standing?.owner === owner ? standing.lease : undefined;
      }
    },
  };
};
