/** What a value takes in memory, and that nobody changes it: one walk for both. */

/** Of an object, a list, or a property: pointers, headers, hidden classes; an estimate on the high side. */
const nodeBytes = 32;
const bytesPerCharacter = 1;

/** Freezes the value, all of it, and estimates its bytes. Texts that are not Latin count at half of what they take. */
export const frozenSize = (value: unknown): number => {
  if (typeof value === 'string') return nodeBytes + value.length * bytesPerCharacter;
  if (typeof value !== 'object' || value === null) return nodeBytes;
  let bytes = nodeBytes;
  if (value instanceof Set) {
    for (const member of value) bytes += frozenSize(member);
  } else {
    for (const inner of Object.values(value)) bytes += frozenSize(inner);
    Object.freeze(value);
  }
  return bytes;
};
