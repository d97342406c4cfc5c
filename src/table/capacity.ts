/**
 * Capacity arithmetic: how large an item is for DynamoDB, and how many units a request consumes. The rules are AWS's:
 * "DynamoDB item sizes and formats" and "DynamoDB read and write operations" in the Amazon DynamoDB Developer Guide
 * (docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and
 * .../read-write-operations.html). Sizes are in bytes; the contract suite holds these numbers to what a server reports.
 */
import type { Item, Value } from './port.ts';

/** One write unit pays for an item of up to 1 KB. */
const WRITE_UNIT_BYTES = 1_024;
/** One read unit pays for 4 KB read consistently, or 8 KB read eventually. */
const READ_UNIT_BYTES = 4_096;
/** A list or a map has 3 bytes of overhead, and 1 more for each element. */
const DOCUMENT_OVERHEAD_BYTES = 3;

/** Bytes of UTF-8; the common case of plain ASCII is a native call either way. */
export const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8');

/** "Approximately 1 byte per two significant digits, plus 1 byte", and 1 for the sign; zeros at both ends do not count. */
const numberSize = (value: number): number => {
  if (value === 0) return 1;
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = `${whole}${fraction}`;
  const leading = digits.length - digits.replace(/^0+/, '').length;
  const significant = digits.replace(/^0+/, '').replace(/0+$/, '').length;
  // DynamoDB keeps digits in pairs around the decimal point, so an odd position of the first digit costs half a byte more.
  const firstDigitPosition = whole.length - leading + Number(exponentText);
  const padded = significant + (Math.abs(firstDigitPosition) % 2);
  return Math.ceil(padded / 2) + 1 + (value < 0 ? 1 : 0);
};

/** The size of one value, without its attribute's name. */
export const valueSize = (value: Value): number => {
  if (typeof value === 'string') return utf8Length(value);
  if (typeof value === 'number') return numberSize(value);
  if (value === null || typeof value === 'boolean') return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  let size = 0;
  if (value instanceof Set) {
    for (const member of value) size += utf8Length(member);
    return size;
  }
  size = DOCUMENT_OVERHEAD_BYTES;
  if (Array.isArray(value)) {
    for (const element of value) size += 1 + valueSize(element);
    return size;
  }
  for (const [name, element] of Object.entries(value)) size += 1 + utf8Length(name) + valueSize(element);
  return size;
};

/** The size of an item: the names of its attributes and their values, keys included. */
export const itemSize = (item: Item): number => {
  let size = 0;
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) size += utf8Length(name) + valueSize(value);
  }
  return size;
};

/** Write units for bytes written: whole units of 1 KB, at least one. */
export const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));

/** Read units for the bytes of a get, or of a whole page: whole blocks of 4 KB, at least one, at half price when eventual. */
export const readUnits = (bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);

/** Units a write of the table itself costs: the larger of the item before and after; a write that finds nothing costs one. */
export const tableWriteUnits = (bytesBefore: number, bytesAfter: number): number =>
  writeUnits(Math.max(bytesBefore, bytesAfter));

/** What a write did to one index. */
export interface IndexChange {
  /** Size of the entry before, or 0 when there was none. */
  readonly bytesBefore: number;
  /** Size of the entry after, or 0 when there is none. */
  readonly bytesAfter: number;
  /** Whether the entry stays under the same index key. */
  readonly sameKey: boolean;
  /** Whether the projected attributes are all as they were. */
  readonly unchanged: boolean;
}

/** A new entry or a deleted one is one write; an entry whose key changes is a deletion and a put; an untouched one is free. */
export const indexWriteUnits = (change: IndexChange): number => {
  const { bytesBefore, bytesAfter } = change;
  if (bytesBefore === 0 && bytesAfter === 0) return 0;
  if (bytesBefore === 0) return writeUnits(bytesAfter);
  if (bytesAfter === 0) return writeUnits(bytesBefore);
  if (!change.sameKey) return writeUnits(bytesBefore) + writeUnits(bytesAfter);
  return change.unchanged ? 0 : writeUnits(Math.max(bytesBefore, bytesAfter));
};
