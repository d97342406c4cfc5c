/**
 * The change feed of the embedded table: one shard, positions counted from 1 inside the transaction that makes the change,
 * records kept for 24 hours and then trimmed by the commits that follow.
 */
import { TableError } from '../errors.ts';
import type { ChangeRecord, FeedPage, FeedStart, Item, Key } from '../port.ts';
import {
  type Codec,
  decodeFeedValue,
  decodeNumber,
  encodeFeedValue,
  encodeNumber,
  type FeedValue,
  type Stored,
  storedOf,
} from './codec.ts';
import { feedKey, feedRange } from './keys.ts';
import type { KvReader, KvWriter } from './kv.ts';

export const EMBEDDED_SHARD = 'embedded';

/** As DynamoDB Streams keeps its records. */
const KEPT_MS = 24 * 60 * 60 * 1_000;
/** A commit trims this many records and twice what it adds: the backlog shrinks, and no commit pays for all of it. */
const TRIMMED_PER_COMMIT = 64;
/** As `GetRecords` of DynamoDB Streams. */
const RECORDS_MAX = 1_000;
/** A page of the feed ends after this many bytes, like `GetRecords`. */
const PAGE_BYTES_MAX = 1_024 * 1_024;

const POSITION_KEY = 'feed_position';
/** Wide enough for every safe integer, so that positions sort as text, too. */
const POSITION_DIGITS = 16;

/** The feed's part in one commit. */
export interface FeedSession {
  readonly at: number;
  readonly first: number;
  next: number;
  /** What is known of the oldest record. */
  trim: Trimming;
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
export const beginFeed = (writer: KvWriter, at: number, trim: Trimming): FeedSession => {
  const next = lastPosition(writer) + 1;
  return { at, first: next, next, trim };
};

export const appendRecord = (
  writer: KvWriter,
  feed: FeedSession,
  { pk, sk }: Key,
  before: Stored | undefined,
  after: Stored | undefined,
): void => {
  const parts = encodeFeedValue({
    position: feed.next,
    at: feed.at,
    pk,
    sk,
    before: before?.bytes,
    after: after?.bytes,
  });
  writer.put('feed', feedKey(feed.next), ...parts);
  feed.next += 1;
};

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

const formatPosition = (position: number): string => String(position).padStart(POSITION_DIGITS, '0');

const parsePosition = (text: string): number => {
  if (!/^\d{16}$/.test(text)) throw new TableError('invalid', 'this is no position of the feed');
  return Number(text);
};

/** What reading the feed takes: the store, and the codec of its items. */
export interface FeedSource {
  readonly reader: KvReader;
  readonly codec: Codec;
}

/** An image that is decoded when somebody looks: most readers pass over most records by their keys. */
const imageOf = ({ reader, codec }: FeedSource, bytes: Uint8Array | undefined): (() => Item | undefined) =>
  bytes === undefined ? () => undefined : codec.decodeLater(reader, storedOf(bytes));

const recordOf = (source: FeedSource, value: FeedValue): ChangeRecord => {
  const { position, at, pk, sk } = value;
  const before = imageOf(source, value.before);
  const after = imageOf(source, value.after);
  return {
    get position() {
      return formatPosition(position);
    },
    kind: value.before === undefined ? 'insert' : value.after === undefined ? 'remove' : 'modify',
    key: { pk, sk },
    get before() {
      return before();
    },
    get after() {
      return after();
    },
    at,
  };
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
    records.push(recordOf(source, record));
    bytes += value.byteLength;
    if (records.length >= limit || bytes >= PAGE_BYTES_MAX) break;
  }
  return { records, position: formatPosition(position) };
};
