/**
 * Items as the port has them, and as DynamoDB's JSON protocol has them.
 *
 * Strings, numbers, booleans, null, bytes, lists, maps and string sets; the other types of DynamoDB (number and binary
 * sets) are refused by name, because the port has no value for them.
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

/**
 * The magnitude of a number other than zero:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
const numberMagnitude = { min: 1e-130, below: 1e126 } as const;

/** Assigns without ever reaching the prototype, whatever the attribute is called. */
const assign = <T>(target: Record<string, T>, name: string, value: T): void => {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
};

const encodeNumber = (value: number): AttributeValue => {
  const magnitude = Math.abs(value);
  if (value !== 0 && !(magnitude >= numberMagnitude.min && magnitude < numberMagnitude.below)) {
    throw new TableError('invalid', `the number ${value} is outside DynamoDB's range (1e-130 to 9.99e125, or zero)`);
  }
  return { N: String(value) };
};

const isBytes = (value: object): value is Uint8Array => value instanceof Uint8Array;

/** The tagged form of one value; `invalid` for what DynamoDB cannot hold. */
export const encodeValue = (value: Value): AttributeValue => {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      return encodeNumber(value);
    case 'boolean':
      return { BOOL: value };
    case 'object':
      if (value === null) return { NULL: true };
      if (Array.isArray(value)) return { L: value.map((entry: Value) => encodeValue(entry)) };
      if (isBytes(value)) {
        return { B: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
      }
      if (value instanceof Set) {
        if (value.size === 0) throw new TableError('invalid', 'a string set may not be empty');
        return { SS: [...(value as ReadonlySet<string>)] };
      }
      return { M: encodeItem(value as { readonly [name: string]: Value }) };
    default:
      throw new TableError('invalid', `a value of type ${typeof value} cannot be stored`);
  }
};

/** The tagged form of an item, a key or a map. */
export const encodeItem = (item: { readonly [name: string]: Value }): AttributeMap => {
  const map: Record<string, AttributeValue> = {};
  for (const name of Object.keys(item)) assign(map, name, encodeValue(item[name] as Value));
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
  for (const name of Object.keys(map)) assign(value, name, decodeValue(map[name] as AttributeValue));
  return value;
};

/** An item as the table returned it; its key is there because DynamoDB stores none without. */
export const decodeItem = (map: AttributeMap): Item => decodeMap(map) as Item;
