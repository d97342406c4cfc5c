/**
 * Stored items as JSON text and back, for what travels between nodes: as JSON is, but a set of strings, which JSON does not
 * have, is an object with the one member `$set`. No attribute of ours begins with a dollar sign.
 */

const toJson = (_name: string, value: unknown): unknown => (value instanceof Set ? { $set: [...value] } : value);

const fromJson = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$set' in value && Array.isArray(value.$set)
    ? new Set<unknown>(value.$set)
    : value;

export const encodeStored = (value: unknown): string => JSON.stringify(value, toJson);

/** Throws a SyntaxError for what is no JSON. The reviver is slow, and most texts have no set to revive. */
export const decodeStored = (text: string): unknown =>
  text.includes('{"$set":[') ? JSON.parse(text, fromJson) : JSON.parse(text);
