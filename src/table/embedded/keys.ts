/**
 * How table keys become byte keys whose order is DynamoDB's: within a partition by the UTF-8 bytes of the sort key. LMDB
 * takes keys of up to 1,978 bytes, less than DynamoDB's two key attributes together, so what needs no order is digested
 * when it is long.
 */
import { createHash } from 'node:crypto';
import type { Key, SortCondition } from '../port.ts';
import type { KvRange } from './kv.ts';

/** A partition key up to here stands in the key as it is; a longer one as its SHA-256. */
const PARTITION_BYTES_PLAIN_MAX = 500;
/** A primary key behind an index key, up to here as it is. 502 + 1,024 + 1 + 400 bytes stay below LMDB's 1,978. */
const TIE_BYTES_PLAIN_MAX = 400;
/** In place of a length: a digest follows. UTF-8 has no byte of 0xFE, and no plain length comes near it. */
const DIGEST_MARK = Buffer.from([0xfe, 0x00]);

const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** A partition key with its length in front, so that no partition's keys begin with another's. */
const partitionPart = (partitionKey: string): Buffer => {
  const length = Buffer.byteLength(partitionKey, 'utf8');
  if (length > PARTITION_BYTES_PLAIN_MAX)
    return Buffer.concat([DIGEST_MARK, digest(Buffer.from(partitionKey, 'utf8'))]);
  const part = Buffer.allocUnsafe(2 + length);
  part.writeUInt16BE(length, 0);
  part.write(partitionKey, 2, 'utf8');
  return part;
};

/** A byte key in the `items` store. */
export const itemKey = (key: Key): Buffer => Buffer.concat([partitionPart(key.pk), Buffer.from(key.sk, 'utf8')]);

/** UTF-8 with every byte raised by one (its bytes end at 0xF4), so that a zero byte ends it below all that goes on. */
const raised = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (bytes[i] ?? 0) + 1;
  return bytes;
};

const END = Buffer.from([0]);
const PAST_END = Buffer.from([1]);

/** A byte key in the `index` store: the index's name and partition, the range key in order, and the item's key to break ties. */
export const indexKey = (index: string, partitionKey: string, sortKey: string, key: Key): Buffer => {
  const tie = itemKey(key);
  return Buffer.concat([
    partitionPart(`${index}/${partitionKey}`),
    raised(sortKey),
    END,
    tie.length > TIE_BYTES_PLAIN_MAX ? digest(tie) : tie,
  ]);
};

/** The first byte key that does not begin with `prefix`. */
const afterPrefix = (prefix: Buffer): Buffer => {
  const next = Buffer.from(prefix);
  for (let i = next.length - 1; i >= 0; i -= 1) {
    next[i] = ((next[i] ?? 0) + 1) & 0xff;
    if (next[i] !== 0) return next.subarray(0, i + 1);
  }
  throw new RangeError('no key comes after this prefix');
};

/** How the keys of one sort key value lie: `at` is the first of them, `past` the first after them, `prefix` their stem. */
interface SortKeySpan {
  readonly at: (text: string) => Buffer;
  readonly past: (text: string) => Buffer;
  readonly prefix: (text: string) => Buffer;
}

const span = (
  partition: Buffer,
  condition: SortCondition | undefined,
  keys: SortKeySpan,
): { from: Buffer; to: Buffer } => {
  const all = { from: partition, to: afterPrefix(partition) };
  if (condition === undefined) return all;
  const [operator, value] = condition;
  switch (operator) {
    case '=':
      return { from: keys.at(value), to: keys.past(value) };
    case '<':
      return { from: all.from, to: keys.at(value) };
    case '<=':
      return { from: all.from, to: keys.past(value) };
    case '>':
      return { from: keys.past(value), to: all.to };
    case '>=':
      return { from: keys.at(value), to: all.to };
    case 'begins_with':
      return { from: keys.prefix(value), to: afterPrefix(keys.prefix(value)) };
    case 'between':
      return { from: keys.at(value), to: keys.past(condition[2]) };
  }
};

/** The part of a range that lies behind a page's last key. */
const behind = (from: Buffer, to: Buffer, reverse: boolean, start: Buffer | undefined): KvRange => {
  if (start === undefined) return { from, to, reverse };
  const next = Buffer.concat([start, END]);
  if (reverse) return { from, to: Buffer.compare(start, to) < 0 ? start : to, reverse };
  return { from: Buffer.compare(next, from) > 0 ? next : from, to, reverse };
};

/** The byte range of a query of the table. */
export const itemRange = (
  pk: string,
  condition: SortCondition | undefined,
  reverse: boolean,
  start: Key | undefined,
): KvRange => {
  const partition = partitionPart(pk);
  const at = (text: string): Buffer => Buffer.concat([partition, Buffer.from(text, 'utf8')]);
  const past = (text: string): Buffer => Buffer.concat([at(text), END]);
  const { from, to } = span(partition, condition, { at, past, prefix: at });
  return behind(from, to, reverse, start === undefined ? undefined : itemKey(start));
};

/** The byte range of a query of an index; `start` is the byte key of the last entry of the page before. */
export const indexRange = (
  index: string,
  partitionKey: string,
  condition: SortCondition | undefined,
  reverse: boolean,
  start: Buffer | undefined,
): KvRange => {
  const partition = partitionPart(`${index}/${partitionKey}`);
  const prefix = (text: string): Buffer => Buffer.concat([partition, raised(text)]);
  const at = (text: string): Buffer => Buffer.concat([prefix(text), END]);
  const past = (text: string): Buffer => Buffer.concat([prefix(text), PAST_END]);
  const { from, to } = span(partition, condition, { at, past, prefix });
  return behind(from, to, reverse, start);
};

/** The byte range of a scan. */
export const scanRange = (start: Key | undefined): KvRange =>
  behind(Buffer.from([0]), Buffer.from([0xff]), false, start === undefined ? undefined : itemKey(start));

/** The byte key of a feed record: positions count from 1, so eight bytes, biggest first, keep their order. */
export const feedKey = (position: number): Buffer => {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(position), 0);
  return key;
};

/** The byte range of the feed from a position on. */
export const feedRange = (from: number): KvRange => ({
  from: feedKey(from),
  to: Buffer.alloc(9, 0xff),
  reverse: false,
});

const EXPIRY_TIME_BYTES = 8;

/** The byte key in the `expiry` store: the time first, so that what is due stands in front. */
export const expiryKey = (seconds: number, key: Key): Buffer => Buffer.concat([feedKey(seconds), digest(itemKey(key))]);

/** The byte range of what expired before a time. */
export const expiryRange = (beforeSeconds: number): KvRange => ({
  from: Buffer.alloc(EXPIRY_TIME_BYTES),
  to: feedKey(beforeSeconds),
  reverse: false,
});
