/**
 * How table keys become byte keys whose order is DynamoDB's: within a partition by the UTF-8 bytes of the sort key. LMDB
 * takes keys of up to 1,978 bytes, less than DynamoDB's two key attributes together, so what needs no order is digested
 * when it is long.
 */
import { createHash } from 'node:crypto';
import type { Key, SortCondition } from '../port.ts';
import type { KvKey, KvRange } from './kv.ts';

/** A partition key up to here stands in the key as it is; a longer one as its SHA-256. */
const PARTITION_BYTES_PLAIN_MAX = 500;
/** A primary key behind an index key, up to here as it is. 502 + 1,024 + 1 + 400 bytes stay below LMDB's 1,978. */
const TIE_BYTES_PLAIN_MAX = 400;
/** In place of a length: a digest follows. UTF-8 has no byte of 0xFE, and no plain length comes near it. */
const DIGEST_MARK = '\xfe\x00';

const notAscii = /[^\0-\x7f]/;

/** The UTF-8 bytes of a text: the text itself, nearly always. */
const utf8 = (text: string): KvKey => (notAscii.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text);

const digest = (bytes: KvKey): KvKey => createHash('sha256').update(bytes, 'latin1').digest().toString('latin1');

/** A partition key with its length in front, so that no partition's keys begin with another's. */
const partitionPart = (partitionKey: string): KvKey => {
  const bytes = utf8(partitionKey);
  const { length } = bytes;
  if (length > PARTITION_BYTES_PLAIN_MAX) return DIGEST_MARK + digest(bytes);
  return String.fromCharCode(length >>> 8, length & 0xff) + bytes;
};

/** A byte key in the `items` store. */
export const itemKey = (key: Key): KvKey => partitionPart(key.pk) + utf8(key.sk);

/** UTF-8 with every byte raised by one (its bytes end at 0xF4), so that a zero byte ends it below all that goes on. */
const raised = (text: string): KvKey => {
  const bytes = Buffer.from(text, 'utf8');
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (bytes[i] ?? 0) + 1;
  return bytes.toString('latin1');
};

const END = '\x00';
const PAST_END = '\x01';

/** A byte key in the `index` store: the index's name and partition, the range key in order, and the item's key to break ties. */
export const indexKey = (index: string, partitionKey: string, sortKey: string, key: Key): KvKey => {
  const tie = itemKey(key);
  return (
    partitionPart(`${index}/${partitionKey}`) +
    raised(sortKey) +
    END +
    (tie.length > TIE_BYTES_PLAIN_MAX ? digest(tie) : tie)
  );
};

/** The first byte key that does not begin with `prefix`. */
const afterPrefix = (prefix: KvKey): KvKey => {
  for (let end = prefix.length; end > 0; end -= 1) {
    const last = prefix.charCodeAt(end - 1);
    if (last < 0xff) return prefix.slice(0, end - 1) + String.fromCharCode(last + 1);
  }
  throw new RangeError('no key comes after this prefix');
};

/** How the keys of one sort key value lie: `at` is the first of them, `past` the first after them, `prefix` their stem. */
interface SortKeySpan {
  readonly at: (text: string) => KvKey;
  readonly past: (text: string) => KvKey;
  readonly prefix: (text: string) => KvKey;
}

const span = (
  partition: KvKey,
  condition: SortCondition | undefined,
  keys: SortKeySpan,
): { from: KvKey; to: KvKey } => {
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
const behind = (from: KvKey, to: KvKey, reverse: boolean, start: KvKey | undefined): KvRange => {
  if (start === undefined) return { from, to, reverse };
  const next = start + END;
  if (reverse) return { from, to: start < to ? start : to, reverse };
  return { from: next > from ? next : from, to, reverse };
};

/** The byte range of a query of the table. */
export const itemRange = (
  pk: string,
  condition: SortCondition | undefined,
  reverse: boolean,
  start: Key | undefined,
): KvRange => {
  const partition = partitionPart(pk);
  const at = (text: string): KvKey => partition + utf8(text);
  const past = (text: string): KvKey => at(text) + END;
  const { from, to } = span(partition, condition, { at, past, prefix: at });
  return behind(from, to, reverse, start === undefined ? undefined : itemKey(start));
};

/** The byte range of a query of an index; `start` is the byte key of the last entry of the page before. */
export const indexRange = (
  index: string,
  partitionKey: string,
  condition: SortCondition | undefined,
  reverse: boolean,
  start: KvKey | undefined,
): KvRange => {
  const partition = partitionPart(`${index}/${partitionKey}`);
  const prefix = (text: string): KvKey => partition + raised(text);
  const at = (text: string): KvKey => prefix(text) + END;
  const past = (text: string): KvKey => prefix(text) + PAST_END;
  const { from, to } = span(partition, condition, { at, past, prefix });
  return behind(from, to, reverse, start);
};

/** The byte range of a scan. */
export const scanRange = (start: Key | undefined): KvRange =>
  behind('\x00', '\xff', false, start === undefined ? undefined : itemKey(start));

const POSITION_BYTES = 8;

/** The byte key of a feed record: positions count from 1, so eight bytes, biggest first, keep their order. */
export const feedKey = (position: number): KvKey => {
  const high = Math.floor(position / 0x1_0000_0000);
  const low = position >>> 0;
  return String.fromCharCode(
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  );
};

/** The byte range of the feed from a position on. */
export const feedRange = (from: number): KvRange => ({
  from: feedKey(from),
  to: '\xff'.repeat(POSITION_BYTES + 1),
  reverse: false,
});

/** The byte key in the `expiry` store: the time first, so that what is due stands in front. */
export const expiryKey = (seconds: number, key: Key): KvKey => feedKey(seconds) + digest(itemKey(key));

/** The byte range of what expired before a time. */
export const expiryRange = (beforeSeconds: number): KvRange => ({
  from: '\x00'.repeat(POSITION_BYTES),
  to: feedKey(beforeSeconds),
  reverse: false,
});
