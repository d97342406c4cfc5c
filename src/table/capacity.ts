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

/** Up to about this length a look at each character takes less than a native call. */
const LOOKED_AT_MAX = 48;

/** Bytes of UTF-8. */
export const utf8Length = (text: string): number => {
  const { length } = text;
  if (length > LOOKED_AT_MAX) return Buffer.byteLength(text, 'utf8');
  for (let i = 0; i < length; i += 1) if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text, 'utf8');
  return length;
};

/** A number's digits without an exponent: `15e-8` as ['', '00000015']. */
const plainDigits = (magnitude: number): readonly [whole: string, fraction: string] => {
  const [mantissa = '', exponentText = '0'] = magnitude.toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exponent = Number(exponentText);
  if (exponent >= 0) return [whole + fraction.padEnd(exponent, '0').slice(0, exponent), fraction.slice(exponent)];
  return ['', whole.padStart(-exponent, '0') + fraction];
};

/**
 * "Approximately 1 byte per two significant digits, plus 1 byte"; zeros at both ends do not count, and a sign costs 1
 * more. Digits come in pairs on either side of the decimal point.
 */
const numberSize = (value: number): number => {
  if (value === 0) return 1;
  const sign = value < 0 ? 1 : 0;
  if (Number.isSafeInteger(value)) {
    let whole = Math.abs(value);
    while (whole % 10 === 0) whole /= 10;
    return 1 + sign + Math.ceil(String(whole).length / 2);
  }
  const [wholeDigits, fractionDigits] = plainDigits(Math.abs(value));
  const whole = wholeDigits.replace(/^0+/, '');
  if (fractionDigits === '') return 1 + sign + Math.ceil(whole.replace(/0+$/, '').length / 2);
  const fraction = whole === '' ? fractionDigits.replace(/^0+/, '') : fractionDigits;
  return 1 + sign + Math.ceil(whole.length / 2) + Math.ceil(fraction.length / 2);
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
