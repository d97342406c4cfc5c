/**
 * Buffers for what is stored, cut out of large blocks: a send needs three of some hundred bytes, which live until LMDB has them,
 * and Node's own pool of 8 KB would be made anew for every seventh send, each time with work for the collector.
 */

const BLOCK_BYTES = 256 * 1_024;
/** Larger ones have memory of their own, so that a block is not thrown away half empty. */
const CUT_BYTES_MAX = 16 * 1_024;

let block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
let used = 0;

/** Bytes of unknown content, which the caller overwrites, all of them. */
export const allocate = (bytes: number): Buffer => {
  if (bytes > CUT_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > BLOCK_BYTES) {
    block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    used = 0;
  }
  const from = used;
  // Eight-byte steps: the copies are faster.
  used = (used + bytes + 7) & ~7;
  return block.subarray(from, from + bytes);
};

/** The parts, one after the other. */
export const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const whole = allocate(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
};
