/**
 * DynamoDB's limits (BOUND-5), checked before anything is sent or stored, each with the error `invalid`. The numbers are
 * those of "Service, account, and table quotas in Amazon DynamoDB" in the Developer Guide
 * (docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html and .../Constraints.html).
 */
import { itemSize, utf8Length } from './capacity.ts';
import { TableError } from './errors.ts';
import type { BatchWrite, Item, Key, Value } from './port.ts';

/** 400 KB, attribute names included. */
export const ITEM_BYTES_MAX = 400 * 1_024;
/** A page of a query or a scan ends here, by the sizes of the items evaluated. */
export const PAGE_BYTES_MAX = 1_024 * 1_024;
export const PARTITION_KEY_BYTES_MAX = 2_048;
export const SORT_KEY_BYTES_MAX = 1_024;
export const BATCH_GET_MAX = 100;
export const BATCH_WRITE_MAX = 25;
/** Levels of an attribute: so many lists and maps inside each other, less one for what the innermost holds. */
export const NESTING_MAX = 32;
export const ATTRIBUTE_NAME_BYTES_MAX = 65_535;
/** Numbers are zero, or of a magnitude from 1E-130 to just below 1E+126. */
const NUMBER_MAGNITUDE_MIN = 1e-130;
const NUMBER_MAGNITUDE_END = 1e126;

const invalid = (message: string): TableError => new TableError('invalid', message);

/** Refuses a key attribute that is empty, too long, no string, or not representable in UTF-8. */
export const checkKeyValue = (name: string, value: unknown, bytesMax: number): void => {
  if (typeof value !== 'string') throw invalid(`the key attribute ${name} must be a string`);
  if (value === '') throw invalid(`the key attribute ${name} must not be empty`);
  // A character is at most 3 bytes a code unit, so short keys need no counting.
  if (value.length * 3 > bytesMax && utf8Length(value) > bytesMax) {
    throw invalid(`the key attribute ${name} is longer than ${bytesMax} bytes`);
  }
  if (!value.isWellFormed()) throw invalid(`the key attribute ${name} is not well-formed Unicode`);
};

/** Refuses a primary key that DynamoDB would refuse. */
export const checkKey = (key: Key): void => {
  checkKeyValue('pk', key.pk, PARTITION_KEY_BYTES_MAX);
  checkKeyValue('sk', key.sk, SORT_KEY_BYTES_MAX);
};

const checkNumber = (name: string, value: number): void => {
  if (!Number.isFinite(value)) throw invalid(`the attribute ${name} is not a number`);
  const magnitude = Math.abs(value);
  if (magnitude >= NUMBER_MAGNITUDE_END || (magnitude !== 0 && magnitude < NUMBER_MAGNITUDE_MIN)) {
    throw invalid(`the attribute ${name} is outside the range of numbers, 1E-130 to 9.99E+125`);
  }
};

/** Refuses a name that is empty, too long, or not safe as a name of an object's property. */
export const checkAttributeName = (name: string): void => {
  if (name === '') throw invalid('an attribute name must not be empty');
  if (name === '__proto__') throw invalid('an attribute cannot be called __proto__');
  if (name.length * 3 > ATTRIBUTE_NAME_BYTES_MAX && utf8Length(name) > ATTRIBUTE_NAME_BYTES_MAX) {
    throw invalid(`an attribute name is longer than ${ATTRIBUTE_NAME_BYTES_MAX} bytes`);
  }
};

/** Refuses a value that DynamoDB cannot hold: NaN and the like, an empty set, nesting too deep, `undefined` inside. */
export const checkValue = (name: string, value: Value, depth = 0): void => {
  if (typeof value === 'boolean' || value === null) return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw invalid(`the attribute ${name} is not well-formed Unicode`);
    return;
  }
  if (typeof value === 'number') {
    checkNumber(name, value);
    return;
  }
  if (typeof value !== 'object') throw invalid(`the attribute ${name} is of no type that a table holds`);
  if (value instanceof Uint8Array) return;
  if (value instanceof Set) {
    if (value.size === 0) throw invalid(`the set ${name} must not be empty`);
    for (const member of value) {
      if (typeof member !== 'string') throw invalid(`the set ${name} must hold strings`);
      checkValue(name, member);
    }
    return;
  }
  if (depth + 1 >= NESTING_MAX) throw invalid(`the attribute ${name} is nested deeper than ${NESTING_MAX} levels`);
  if (Array.isArray(value)) {
    for (const element of value) checkValue(name, element, depth + 1);
    return;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) {
    throw invalid(`the attribute ${name} is of no type that a table holds`);
  }
  for (const [inner, element] of Object.entries(value)) {
    checkAttributeName(inner);
    checkValue(name, element, depth + 1);
  }
};

/** Checks an item's key, every attribute, and its size; returns the size in bytes. Attributes of `undefined` are passed over. */
export const checkItem = (item: Item): number => {
  checkKey(item);
  for (const name in item) {
    const value = item[name];
    if (value === undefined) continue;
    checkAttributeName(name);
    checkValue(name, value);
  }
  const size = itemSize(item);
  if (size > ITEM_BYTES_MAX) throw invalid(`the item is larger than ${ITEM_BYTES_MAX} bytes`);
  return size;
};

/** Refuses a `limit` that is no whole number of at least 1. */
export const checkLimit = (limit: number | undefined): void => {
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) throw invalid('limit must be at least 1');
};

const checkDistinct = (keys: readonly Key[]): void => {
  // The length in front keeps two different pairs from running together into one text.
  const seen = new Set(keys.map((key) => `${key.pk.length}:${key.pk}${key.sk}`));
  if (seen.size !== keys.length) throw invalid('a batch names the same key twice');
};

/** Refuses an empty or too long list of keys, a bad key, and a key named twice. */
export const checkBatchGet = (keys: readonly Key[]): void => {
  if (keys.length === 0 || keys.length > BATCH_GET_MAX) throw invalid(`a batch reads 1 to ${BATCH_GET_MAX} keys`);
  for (const key of keys) checkKey(key);
  checkDistinct(keys);
};

/** Refuses an empty or too long batch, and a key written twice; the items themselves are checked where they are written. */
export const checkBatchWrite = (writes: readonly BatchWrite[]): void => {
  if (writes.length === 0 || writes.length > BATCH_WRITE_MAX)
    throw invalid(`a batch writes 1 to ${BATCH_WRITE_MAX} items`);
  const keys = writes.map((write) => ('put' in write ? write.put : write.delete));
  for (const key of keys) checkKey(key);
  checkDistinct(keys);
};
