/** Records of the change feed that hold up what comes after them, and whose fault that is. */
import { TableError } from '#table/errors';

/**
 * A record that was tried and tried again and is now passed over, so that those behind it go on. It stays in the feed for a day
 * from when it was written; whoever is told of it reads it there by shard and position.
 */
export class RecordSetAside extends Error {
  override readonly name = 'RecordSetAside';
  readonly shard: string;
  readonly position: string;

  constructor(shard: string, position: string, cause: unknown) {
    super('a record of the change feed cannot be applied, and was set aside', { cause });
    this.shard = shard;
    this.position = position;
  }
}

/** What code throws that meets a shape it was not made for. */
const shapeFaults = [TypeError, RangeError, SyntaxError, URIError] as const;

/**
 * Whether a failure comes of what stands in the record, so that the same record would fail again. Whatever is not surely so (a table that
 * is throttled, away, missing or denied, a disk, a network) passes in its time, and is no reason to pass over anything.
 */
export const isOfTheRecord = (error: unknown): boolean => {
  if (error instanceof TableError) return error.code === 'invalid' && !error.denied;
  return shapeFaults.some((fault) => error instanceof fault);
};
