/**
 * Items as the port has them, and as DynamoDB's JSON protocol has them.
 *
 * Strings, numbers, booleans, null, bytes, lists, maps and string sets; the other types of DynamoDB (number and binary
 * sets), which only another program can have stored, are refused by name, because the port has no value for them.
 */
import { TableError } from '../errors.ts';
import type { Item, Key, Value } from '../port.ts';

/** DynamoDB's tagged value, as JSON: `{ "S": "text" }`. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly B: string }
  | { readonly SS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: AttributeMap };

export interface AttributeMap {
  readonly [name: string]: AttributeValue;
}

const isBytes = (value: object): value is Uint8Array => value instanceof Uint8Array;

/** The tagged form of one value; what DynamoDB cannot hold is refused before, by `limits.ts`. */
export const encodeValue = (value: Value): AttributeValue => {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      return { N: String(value) };
    case 'boolean':
      return { BOOL: value };
    case 'object':
      if (value === null) return { NULL: true };
      if (Array.isArray(value)) return { L: value.map((entry: Value) => encodeValue(entry)) };
      if (isBytes(value)) {
        return { B: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
      }
      if (value instanceof Set) return { SS: [...(value as ReadonlySet<string>)] };
      return { M: encodeItem(value as { readonly [name: string]: Value }) };
    default:
      throw new TableError('invalid', `a value of type ${typeof value} cannot be stored`);
  }
};

/** The tagged form of an item or a map; attributes of `undefined` are passed over. */
export const encodeItem = (item: { readonly [name: string]: Value }): AttributeMap => {
  const map: Record<string, AttributeValue> = {};
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) map[name] = encodeValue(value);
  }
  return map;
};

/** The tagged form of a primary key, and of nothing else that the object may hold. */
export const encodeKey = ({ pk, sk }: Key): AttributeMap => ({ pk: { S: pk }, sk: { S: sk } });

/** The value of a tagged form; `invalid` for a type the port does not have. */
export const decodeValue = (attribute: AttributeValue): Value => {
  if ('S' in attribute) return attribute.S;
  if ('N' in attribute) return Number(attribute.N);
  if ('BOOL' in attribute) return attribute.BOOL;
  if ('NULL' in attribute) return null;
  if ('M' in attribute) return decodeMap(attribute.M);
  if ('L' in attribute) return attribute.L.map((entry) => decodeValue(entry));
  if ('B' in attribute) return new Uint8Array(Buffer.from(attribute.B, 'base64'));
  if ('SS' in attribute) return new Set(attribute.SS);
  throw new TableError('invalid', `attributes of type ${Object.keys(attribute).join()} are not supported`);
};

const decodeMap = (map: AttributeMap): { readonly [name: string]: Value } => {
  const value: Record<string, Value> = {};
  for (const name of Object.keys(map)) {
    // A name that no table of ours can hold, and that would reach the prototype.
    if (name !== '__proto__') value[name] = decodeValue(map[name] as AttributeValue);
  }
  return value;
};

/** An item as the table returned it; its key is there because DynamoDB stores none without. */
export const decodeItem = (map: AttributeMap): Item => decodeMap(map) as Item;
