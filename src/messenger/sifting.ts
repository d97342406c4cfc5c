/**
 * What becomes of a batch that failed by what is in it: page by page, each as far as it goes. The record that does not go is tried
 * alone, later and later, `triesMax` times, and then set aside, which is said (INBOX-8). So what stands beside and behind it is
 * applied.
 */
import type { ChangeFeed, ChangeRecord, FeedStart } from '#table/port';
import { applyAsFarAsItGoes } from './as-far-as-it-goes.ts';
import { isOfTheRecord, RecordSetAside } from './set-aside.ts';

/**
 * How often a record that does not go is tried: with the runner's rests in between for six to twelve seconds. So few hold the others up
 * for long; and a release that can apply none at all sets aside those of ten partitions a minute, which is rung for before it is many.
 */
const triesMax = 8;
/** Partitions remembered for that a record of theirs was set aside. */
const asideMax = 100;

/** What the holder of the shard does. */
export interface Holder {
  apply(records: readonly ChangeRecord[]): Promise<void>;
  /** Everything up to there is applied or set aside, by these records; undefined: everything there is, and the shard has ended. */
  moveOn(reached: FeedStart | undefined, records: readonly ChangeRecord[]): Promise<void>;
  readonly holds: () => boolean;
}

export interface Sifting {
  /** Nothing of the batch is left that does not go. */
  readonly over: boolean;
  /** One page, or one record that does not go, from `start`. Resolves to whether there was anything; rejects with what fails. */
  step(start: FeedStart, holder: Holder): Promise<boolean>;
}

/** @returns begins to sift a batch of the shard. @param parts.failed is told of each record set aside. */
export const createSieve = (
  shard: string,
  parts: {
    readonly feed: Pick<ChangeFeed, 'read'>;
    readonly pageMax: number;
    readonly failed: (error: unknown) => void;
  },
): (() => Sifting) => {
  const { feed, pageMax, failed } = parts;
  /**
   * Partitions of records set aside: what is wrong there, as one participant's row, would fail each later message of a busy
   * conversation too, and hold up the shard for as long as somebody writes in it. Their next is tried alone once.
   */
  const aside = new Set<string>();

  return () => {
    let over = false;
    /** The first record that does not go, while it is tried alone. */
    let suspect: { readonly position: string; readonly tries: number } | undefined;

    /** Once more. Throws its fault, or sets it aside. */
    const suspectOnceMore = async (record: ChangeRecord, fault: unknown, holder: Holder): Promise<void> => {
      const { position, key } = record;
      const tries = (suspect?.position === position ? suspect.tries : 0) + 1;
      suspect = { position, tries };
      if (tries < triesMax && !aside.has(key.pk)) throw fault;
      suspect = undefined;
      const [oldest] = aside;
      if (aside.size === asideMax && oldest !== undefined) aside.delete(oldest);
      aside.add(key.pk);
      failed(new RecordSetAside(shard, position, fault));
      await holder.moveOn({ after: position }, [record]);
    };

    return {
      get over() {
        return over;
      },
      step: async (start, holder) => {
        const limit = suspect === undefined ? pageMax : 1;
        const { records, position } = await feed.read(shard, start, limit);
        let fault: unknown;
        const done = await applyAsFarAsItGoes(
          records,
          holder.apply,
          () => fault === undefined || isOfTheRecord(fault),
          (error) => {
            fault = error;
          },
        );
        const suspected = records[done];
        const last = records[done - 1];
        if (suspected === undefined) {
          if (records.length > 0) suspect = undefined;
          // Whatever of the batch is still to be read would be on this page.
          over = suspect === undefined && records.length < limit;
          await holder.moveOn(position === undefined ? undefined : { after: position }, records);
          return records.length > 0 || position === undefined;
        }
        if (last !== undefined) await holder.moveOn({ after: last.position }, records.slice(0, done));
        if (!isOfTheRecord(fault)) throw fault;
        if (holder.holds()) await suspectOnceMore(suspected, fault, holder);
        return true;
      },
    };
  };
};
