/**
 * Uuids from given bytes (RFC 9562): version 7, which names a message and carries its time, and version 5, which derives
 * the uuid of a direct conversation. Pure: whoever calls brings the time, the random bytes or the digest.
 */

/** 2^48 ms: the last time that a version 7 uuid can hold, in the year 10889. */
const timeMsEnd = 2 ** 48;
/** A version 7 uuid has 74 random bits, taken from this many bytes. */
export const uuidV7RandomBytes = 10;

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

const format = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += hex(bytes[i] ?? 0);
  }
  return text;
};

const stamp = (bytes: Uint8Array, version: number): string => {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return format(bytes);
};

/**
 * A version 7 uuid of the time `ms` (Unix milliseconds, its fraction dropped) and at least ten random bytes.
 * Throws RangeError for a time that 48 bits cannot hold, or too few bytes: both are mistakes of the program.
 */
export const uuidV7 = (ms: number, random: Uint8Array): string => {
  const time = Math.floor(ms);
  if (!(time >= 0 && time < timeMsEnd)) throw new RangeError(`no version 7 uuid has the time ${ms}`);
  if (random.length < uuidV7RandomBytes)
    throw new RangeError(`a version 7 uuid needs ${uuidV7RandomBytes} random bytes`);
  const bytes = new Uint8Array(16);
  let rest = time;
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random.subarray(0, uuidV7RandomBytes), 6);
  return stamp(bytes, 7);
};

/** The time of a version 7 uuid, in Unix milliseconds. Meaningless for any other version: check it with `messageUuid` first. */
export const uuidV7Time = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

/** A version 5 uuid from the SHA-1 digest (20 bytes) of a namespace's 16 bytes followed by the name. */
export const uuidFromSha1 = (digest: Uint8Array): string => {
  if (digest.length !== 20) throw new RangeError('a SHA-1 digest has 20 bytes');
  return stamp(digest.slice(0, 16), 5);
};
