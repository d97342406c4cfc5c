/**
 * Which uuids a conversation's recent entries carry, in about 20 bytes each: what a node must remember to know that a send is
 * no repetition (LOG-3) without reading. It keeps a 64-bit fingerprint and the seq; whoever finds one looks at the entry itself.
 *
 * Entries come in the order of their seq and are forgotten in that order, a segment at a time.
 */

/** A segment ends after this long, so that forgetting is never more than two minutes late. */
const segmentMs = 120_000;
/** And at this many entries, so that growing one table stays a matter of a millisecond. */
const segmentEntriesMax = 32_768;
const tableEntriesMin = 8;
/** Words of a slot: two of the fingerprint, and the seq's distance from the segment's first, plus one (0 is an empty slot). */
const slotWords = 3;

interface Segment {
  readonly firstSeq: number;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  slots: Uint32Array;
}

/** The values of hexadecimal digits by their character codes; of a uuid's hyphens, too, which are passed over. */
const hexValues = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);

/** The eight digits of a uuid that begin at `from`, as a 32-bit number; `skip` says after how many of them a hyphen stands. */
const wordAt = (uuid: string, from: number, skip: number): number => {
  let word = 0;
  for (let digit = 0; digit < 8; digit += 1) {
    word = (word << 4) | (hexValues[uuid.charCodeAt(from + digit + (digit >= skip ? 1 : 0)) & 127] ?? 0);
  }
  return word;
};

/** Where the four words of a uuid begin, and after how many digits a hyphen stands in each; 8: in none. */
const words = [
  [0, 8],
  [9, 4],
  [19, 4],
  [28, 8],
] as const;

/** The 64-bit fingerprint of a uuid; seeded, so that nobody can choose uuids that collide. */
type Fingerprint = readonly [high: number, low: number];

const none: readonly number[] = [];

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

const fingerprint = (uuid: string, seed: number): Fingerprint => {
  let high = seed | 0;
  let low = Math.imul(seed, 0x9e3779b1) | 0;
  for (const [from, skip] of words) {
    const word = wordAt(uuid, from, skip);
    high = Math.imul(rotate(high ^ Math.imul(word, 0xcc9e2d51), 15), 0x85ebca6b) + 0x52dce729;
    low = Math.imul(rotate(low ^ Math.imul(word, 0x1b873593), 13), 0xc2b2ae35) + 0x38495ab5 + high;
  }
  high ^= low >>> 16;
  low ^= high >>> 13;
  return [high >>> 0, low >>> 0];
};

const insert = (slots: Uint32Array, [high, low]: Fingerprint, value: number): void => {
  const capacity = slots.length / slotWords;
  let slot = low % capacity;
  while (slots[slot * slotWords + 2] !== 0) slot = (slot + 1) % capacity;
  slots[slot * slotWords] = high;
  slots[slot * slotWords + 1] = low;
  slots[slot * slotWords + 2] = value;
};

const grown = (slots: Uint32Array): Uint32Array => {
  const larger = new Uint32Array(slots.length * 2);
  for (let at = 0; at < slots.length; at += slotWords) {
    const value = slots[at + 2] ?? 0;
    if (value !== 0) insert(larger, [slots[at] ?? 0, slots[at + 1] ?? 0], value);
  }
  return larger;
};

/** See the module. Times are in milliseconds since the epoch. */
export class RecentUuids {
  readonly #seed: number;
  #segments: Segment[] = [];
  #size = 0;
  /** A uuid is looked for and, when it is not there, added: its fingerprint is made once for both. */
  #last: { readonly uuid: string; readonly print: Fingerprint } | undefined;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** How many uuids are remembered. */
  get size(): number {
    return this.#size;
  }

  /** The seq of the oldest entry remembered, or undefined when there is none. */
  get firstSeq(): number | undefined {
    return this.#segments[0]?.firstSeq;
  }

  /** Remembers the next entry; `seq` and `at` are above all before. */
  add(uuid: string, seq: number, at: number): void {
    let segment = this.#segments.at(-1);
    if (segment === undefined || at - segment.firstAt > segmentMs || segment.count >= segmentEntriesMax) {
      const slots = new Uint32Array(tableEntriesMin * slotWords);
      segment = { firstSeq: seq, firstAt: at, lastAt: at, count: 0, slots };
      this.#segments.push(segment);
    }
    // Three quarters full at most: probes stay short.
    if ((segment.count + 1) * 4 > (segment.slots.length / slotWords) * 3) segment.slots = grown(segment.slots);
    insert(segment.slots, this.#fingerprint(uuid), seq - segment.firstSeq + 1);
    this.#last = undefined;
    segment.count += 1;
    this.#size += 1;
    segment.lastAt = at;
  }

  /** The seqs of entries whose uuid this may be, newest segment first; nearly always none, or the one. */
  find(uuid: string): readonly number[] {
    let found = none;
    const [high, low] = this.#fingerprint(uuid);
    for (let index = this.#segments.length - 1; index >= 0; index -= 1) {
      const segment = this.#segments[index];
      if (segment === undefined) continue;
      const { slots, firstSeq } = segment;
      const capacity = slots.length / slotWords;
      for (let slot = low % capacity; slots[slot * slotWords + 2] !== 0; slot = (slot + 1) % capacity) {
        if (slots[slot * slotWords] === high && slots[slot * slotWords + 1] === low) {
          found = [...found, firstSeq + (slots[slot * slotWords + 2] ?? 0) - 1];
        }
      }
    }
    return found;
  }

  #fingerprint(uuid: string): Fingerprint {
    if (this.#last?.uuid !== uuid) this.#last = { uuid, print: fingerprint(uuid, this.#seed) };
    return this.#last.print;
  }

  /** Forgets the oldest segments that end before a time, and further ones while more than `max` are remembered. */
  forget(before: number, max: number): { readonly lastAt: number } | undefined {
    let forgotten: Segment | undefined;
    for (;;) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || (oldest.lastAt >= before && this.#size <= max)) break;
      forgotten = oldest;
      this.#size -= oldest.count;
      this.#segments = this.#segments.slice(1);
    }
    return forgotten && { lastAt: forgotten.lastAt };
  }
}
