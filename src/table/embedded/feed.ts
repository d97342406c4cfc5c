/**
 * The change feed of the embedded table: one shard, positions counted from 1 inside the transaction that makes the change,
 * records kept for 24 hours and then trimmed by the commits that follow.
 */
import { TableError } from '../errors.ts';
import type { ChangeRecord, FeedPage, FeedStart, FreshRecords, Item, KeptImage, Key } from '../port.ts';
import { isFlat } from '../values.ts';
import {
  type Codec,
  decodeFeedValue,
  decodeNumber,
  encodeFeedValue,
  encodeNumber,
  type Stored,
  storedOf,
} from './codec.ts';
import { feedKey, feedRange } from './keys.ts';
import type { KvReader, KvWriter } from './kv.ts';

export const EMBEDDED_SHARD = 'embedded';

/** As DynamoDB Streams keeps its records. */
const KEPT_MS = 24 * 60 * 60 * 1_000;
/** Up to this age a record is still there when whoever read it comes back for its image, however long that takes. */
const REREAD_MS_MAX = KEPT_MS / 2;
/** A commit trims this many records and twice what it adds: the backlog shrinks, and no commit pays for all of it. */
const TRIMMED_PER_COMMIT = 64;
/** As `GetRecords` of DynamoDB Streams. */
const RECORDS_MAX = 1_000;
/** A page of the feed ends after this many bytes, like `GetRecords`. */
const PAGE_BYTES_MAX = 1_024 * 1_024;

const POSITION_KEY = 'feed_position';
/** Wide enough for every safe integer, so that positions sort as text, too. */
const POSITION_DIGITS = 16;

/** Reads the image after the change at this place of the feed; undefined when there is none any more. */
export type ReadAfter = (place: number) => Item | undefined;

/** The feed's part in one commit. */
export interface FeedSession {
  readonly at: number;
  readonly readAfter: ReadAfter;
  readonly first: number;
  next: number;
  /** What is known of the oldest record. */
  trim: Trimming;
  /** The records so far, for whoever follows the feed as it grows. */
  readonly fresh: ChangeRecord[];
}

/** Where the oldest record is or comes after, since those before were trimmed, and when it will be old enough to go (ms). */
export interface Trimming {
  readonly oldest: number;
  readonly due: number;
}

/** Nothing is known: the next commit looks. */
export const notLooked: Trimming = { oldest: 0, due: 0 };

const lastPosition = (reader: KvReader): number => decodeNumber(reader.get('meta', POSITION_KEY)) ?? 0;

/** @param trim what the session of the commit before knew of it. */
export const beginFeed = (writer: KvWriter, at: number, trim: Trimming, readAfter: ReadAfter): FeedSession => {
  const next = lastPosition(writer) + 1;
  return { at, readAfter, first: next, next, trim, fresh: [] };
};

const formatPosition = (position: number): string => String(position).padStart(POSITION_DIGITS, '0');

/** An item as it stands before or after a change, and its bytes. */
interface Image {
  readonly stored: Stored;
  readonly item: () => Item;
}

/** An item, or what makes it when somebody looks. */
type Held = Item | (() => Item) | undefined;

const itemOf = (held: Held): Item | undefined => (typeof held === 'function' ? held() : held);

const still = (item: Item | undefined): Item => {
  if (item === undefined) throw new TableError('unavailable', 'the feed has this record no more', { outcome: 'none' });
  return item;
};

class KeptPlace implements KeptImage {
  private readonly place: number;
  private readonly readAfter: ReadAfter;

  constructor(place: number, readAfter: ReadAfter) {
    this.place = place;
    this.readAfter = readAfter;
  }

  read(): Item {
    return still(this.readAfter(this.place));
  }
}

/** A record, its position formatted and its images decoded when somebody looks: most readers pass over most of them by their keys. */
class LazyRecord implements ChangeRecord {
  readonly kind: ChangeRecord['kind'];
  readonly key: Key;
  readonly at: number;
  // TypeScript's privacy: fields of JavaScript's own are several times as slow to make, and there is a record for every write.
  private readonly place: number;
  private readonly from: Held;
  private readonly to: Held;
  /** Undefined for a record that may be trimmed by what its reader writes. */
  private readonly readAfter: ReadAfter | undefined;

  constructor(place: number, at: number, key: Key, from: Held, to: Held, readAfter: ReadAfter | undefined) {
    this.kind = from === undefined ? 'insert' : to === undefined ? 'remove' : 'modify';
    this.key = key;
    this.at = at;
    this.place = place;
    this.from = from;
    this.to = to;
    this.readAfter = readAfter;
  }

  get position(): string {
    return formatPosition(this.place);
  }

  get before(): Item | undefined {
    return itemOf(this.from);
  }

  get after(): Item | undefined {
    return itemOf(this.to);
  }

  keep(): KeptImage {
    if (this.readAfter !== undefined) return new KeptPlace(this.place, this.readAfter);
    return { read: () => still(this.after) };
  }
}

/** Writes down one item's change. @param after whoever follows the feed is given that very item, unless somebody could change it. */
export const appendRecord = (
  writer: KvWriter,
  codec: Codec,
  feed: FeedSession,
  key: Key,
  before: Stored | undefined,
  after: Image | undefined,
): void => {
  const { at, next } = feed;
  const { pk, sk } = key;
  const parts = encodeFeedValue({ position: next, at, pk, sk, before: before?.bytes, after: after?.stored.bytes });
  writer.put('feed', feedKey(next), ...parts);
  feed.next += 1;
  const from = before && codec.decodeLater(writer, before);
  const item = after?.item();
  const to = after && item && (isFlat(item) ? item : codec.decodeLater(writer, after.stored));
  feed.fresh.push(new LazyRecord(next, at, key, from, to, feed.readAfter));
};

/** What a commit added, once it is on disk. */
export const freshRecords = ({ first, next, fresh }: FeedSession): FreshRecords => ({
  shard: EMBEDDED_SHARD,
  after: formatPosition(first - 1),
  position: formatPosition(next - 1),
  records: fresh,
});

/** Stores the new position and trims what is older than a day, a bounded number of records at a time. */
export const endFeed = (writer: KvWriter, feed: FeedSession): void => {
  const added = feed.next - feed.first;
  if (added === 0) return;
  writer.put('meta', POSITION_KEY, encodeNumber(feed.next - 1));
  if (feed.at <= feed.trim.due) return;
  const expired: number[] = [];
  // Without a record in LMDB the first is of this very commit.
  let due = feed.at + KEPT_MS;
  let { oldest } = feed.trim;
  for (const value of writer.range('feed', feedRange(oldest))) {
    const { position, at } = decodeFeedValue(value);
    due = at + KEPT_MS;
    if (feed.at <= due || expired.length >= TRIMMED_PER_COMMIT + 2 * added) break;
    expired.push(position);
    oldest = position + 1;
  }
  feed.trim = { oldest, due };
  for (const position of expired) writer.delete('feed', feedKey(position));
};

const parsePosition = (text: string): number => {
  if (!/^\d{16}$/.test(text)) throw new TableError('invalid', 'this is no position of the feed');
  return Number(text);
};

/** What decoding a record takes: the store, and the codec of its items. */
interface RecordSource {
  readonly reader: KvReader;
  readonly codec: Codec;
}

/** And reading the feed: what its records' images are read again by. */
export interface FeedSource extends RecordSource {
  readonly readAfter: ReadAfter;
  /** Milliseconds. */
  readonly now: number;
}

const imageOf = ({ reader, codec }: RecordSource, bytes: Uint8Array | undefined): (() => Item) | undefined =>
  bytes && codec.decodeLater(reader, storedOf(bytes));

/** The image after the change at one place; undefined when the record is gone, or has none. */
export const readAfterAt = (source: RecordSource, place: number): Item | undefined => {
  const value = source.reader.get('feed', feedKey(place));
  return value && imageOf(source, decodeFeedValue(value).after)?.();
};

/**
 * The records after a position, in order. Positions follow each other without a gap, so each is asked for by its key, which
 * costs less than a walk; only the first may be gone, trimmed with those before it, and is then looked for.
 */
function* valuesAfter(reader: KvReader, position: number): Generator<Uint8Array> {
  const last = lastPosition(reader);
  for (let next = position + 1; next <= last; next += 1) {
    const value = reader.get('feed', feedKey(next));
    if (value === undefined) {
      yield* reader.range('feed', feedRange(next));
      return;
    }
    yield value;
  }
}

/** A page of records after `start`, oldest first. */
export const readFeed = (source: FeedSource, start: FeedStart, limit: number): FeedPage => {
  const { reader } = source;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > RECORDS_MAX) {
    throw new TableError('invalid', `a read of the feed takes 1 to ${RECORDS_MAX} records`);
  }
  if (start === 'latest') return { records: [], position: formatPosition(lastPosition(reader)) };
  let position = start === 'oldest' ? 0 : parsePosition(start.after);
  const records: ChangeRecord[] = [];
  let bytes = 0;
  for (const value of valuesAfter(reader, position)) {
    const record = decodeFeedValue(value);
    position = record.position;
    const { at, pk, sk, before, after } = record;
    const from = imageOf(source, before);
    const to = imageOf(source, after);
    const readAfter = source.now - at < REREAD_MS_MAX ? source.readAfter : undefined;
    records.push(new LazyRecord(position, at, { pk, sk }, from, to, readAfter));
    bytes += value.byteLength;
    if (records.length >= limit || bytes >= PAGE_BYTES_MAX) break;
  }
  return { records, position: formatPosition(position) };
};
