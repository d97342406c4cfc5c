/**
 * A sorted set of byte keys. Two levels, so that inserting moves a few hundred keys at most, whatever the number of all; and what is
 * added is put in its place only when somebody reads in order, or when there is much of it: in their own order many keys are
 * placed for a fraction of what each costs alone.
 */
import type { KvKey } from './kv.ts';

/** Keys of one chunk before it is split: moving half of them costs about as much as finding the chunk. */
const CHUNK_MAX = 128;

/** Keys not in their place yet: less than a millisecond's work for the reader that comes first. */
const WAITING_MAX = 512;

export interface OrderedKeys {
  /** A key that is not there yet. */
  add(name: KvKey): void;
  remove(name: KvKey): void;
  /** The keys from `from` (included) to `to` (not included), downwards when `reverse`. No change may come in between. */
  range(from: KvKey, to: KvKey, reverse: boolean): Generator<string>;
}

/** The place of the first of sorted names that is not below `name`. */
export const lowerBound = (names: readonly string[], name: KvKey): number => {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
};

export const createOrderedKeys = (): OrderedKeys => {
  /** None is empty; each lies wholly below the next. */
  const chunks: string[][] = [];
  /** Keys that are in no chunk yet. */
  let waiting: string[] = [];

  /** The first chunk from a place on whose last key is not below `name`; the number of chunks when there is none. */
  const chunkOf = (name: KvKey, from = 0): number => {
    let low = from;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((chunks[middle]?.at(-1) ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const place = (): void => {
    if (waiting.length === 0) return;
    let at = 0;
    for (const name of waiting.sort()) {
      // Past the last key of all there is no chunk: it goes on the end of the last.
      at = Math.min(chunkOf(name, at), Math.max(0, chunks.length - 1));
      const chunk = chunks[at];
      if (chunk === undefined) chunks.push([name]);
      else {
        chunk.splice(lowerBound(chunk, name), 0, name);
        if (chunk.length > CHUNK_MAX) chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
      }
    }
    waiting = [];
  };

  return {
    add: (name) => {
      // Feeds and logs grow at their end.
      const last = chunks.at(-1);
      if (waiting.length > 0 || (last !== undefined && (last.at(-1) ?? '') > name)) {
        if (waiting.push(name) >= WAITING_MAX) place();
      } else if (last === undefined || last.length >= CHUNK_MAX) chunks.push([name]);
      else last.push(name);
    },
    remove: (name) => {
      place();
      const at = chunkOf(name);
      const chunk = chunks[at];
      const found = chunk === undefined ? 0 : lowerBound(chunk, name);
      if (chunk?.[found] !== name) return;
      if (chunk.length === 1) chunks.splice(at, 1);
      else chunk.splice(found, 1);
    },
    *range(from, to, reverse) {
      place();
      let at = chunkOf(reverse ? to : from);
      if (reverse) at = Math.min(at, chunks.length - 1);
      for (let chunk = chunks[at]; chunk !== undefined; chunk = chunks[at]) {
        const end = lowerBound(chunk, to);
        const begin = lowerBound(chunk, from);
        if (reverse) for (let i = end - 1; i >= begin; i -= 1) yield chunk[i] ?? '';
        else for (let i = begin; i < end; i += 1) yield chunk[i] ?? '';
        if (reverse ? begin > 0 : end < chunk.length) return;
        at += reverse ? -1 : 1;
      }
    },
  };
};
