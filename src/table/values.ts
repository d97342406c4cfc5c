/** Comparing values as DynamoDB does: strings by their UTF-8 bytes, numbers by value, everything else only for equality. And which have others inside. */
import type { Item, Value } from './port.ts';

/** DynamoDB's names for the types of a value. */
export type ValueType = 'S' | 'N' | 'BOOL' | 'NULL' | 'B' | 'SS' | 'L' | 'M';

export const valueType = (value: Value): ValueType => {
  if (typeof value === 'string') return 'S';
  if (typeof value === 'number') return 'N';
  if (typeof value === 'boolean') return 'BOOL';
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return 'B';
  if (value instanceof Set) return 'SS';
  return Array.isArray(value) ? 'L' : 'M';
};

/** A code unit's place in the order of UTF-8: a surrogate stands for a character past U+FFFF, so it comes after them all. */
const utf8Rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/**
 * Negative, zero or positive, by the order of the UTF-8 bytes. JavaScript compares UTF-16 code units, which differs only
 * where a surrogate meets a character of U+E000 to U+FFFF.
 */
export const compareUtf8 = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i += 1) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return utf8Rank(a) - utf8Rank(b);
  }
  return left.length - right.length;
};

/** The order of two values of the same ordered type (string, number, binary), or undefined where DynamoDB knows no order. */
export const compareValues = (left: Value, right: Value): number | undefined => {
  if (typeof left === 'string' && typeof right === 'string') return compareUtf8(left, right);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  return undefined;
};

/** Deep equality; sets and maps without regard to order, and values of different types are never equal. */
export const equalValues = (left: Value, right: Value): boolean => {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) return compareValues(left, right) === 0;
  if (left instanceof Set || right instanceof Set) {
    if (!(left instanceof Set) || !(right instanceof Set) || left.size !== right.size) return false;
    for (const member of left) if (!right.has(member)) return false;
    return true;
  }
  const leftNames = Object.keys(left);
  if (Array.isArray(left) !== Array.isArray(right) || leftNames.length !== Object.keys(right).length) return false;
  const a = left as { readonly [name: string]: Value };
  const b = right as { readonly [name: string]: Value };
  return leftNames.every((name) => {
    const one = a[name];
    const other = b[name];
    return one !== undefined && other !== undefined && equalValues(one, other);
  });
};

/** True when nothing inside it could be changed by one of those who share it, as long as nobody sets its attributes. */
export const isFlat = (item: Item): boolean => {
  for (const name in item) if (typeof item[name] === 'object' && item[name] !== null) return false;
  return true;
};
