/** A sorted set of byte keys. Two levels, so that inserting moves a few hundred keys at most, whatever the number of all. */
import type { KvKey } from './kv.ts';

/** Keys of one chunk before it is split: moving half of them costs about as much as finding the chunk. */
const CHUNK_MAX = 128;

export interface OrderedKeys {
  readonly size: number;
  /** A key that is not there yet. */
  add(name: KvKey): void;
  remove(name: KvKey): void;
  /** The keys from `from` (included) to `to` (not included), downwards when `reverse`. No change may come in between. */
  range(from: KvKey, to: KvKey, reverse: boolean): Generator<string>;
}

/** The place of the first that is not below `name`. */
const lowerBound = (names: readonly string[], name: KvKey): number => {
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
  let size = 0;

  /** The first chunk whose last key is not below `name`; the number of chunks when there is none. */
  const chunkOf = (name: KvKey): number => {
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((chunks[middle]?.at(-1) ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get size() {
      return size;
    },
    add: (name) => {
      const end = chunks.at(-1);
      // Positions of the feed, and times, come in their order.
      if (end !== undefined && end.length < CHUNK_MAX && name > (end.at(-1) ?? '')) {
        size += 1;
        end.push(name);
        return;
      }
      size += 1;
      // Most feeds and logs grow at their end.
      const last = chunks.at(-1);
      if (last !== undefined && last.length < CHUNK_MAX && (last.at(-1) ?? '') < name) {
        last.push(name);
        return;
      }
      // Past the last key of all there is no chunk: it goes on the end of the last.
      const at = Math.min(chunkOf(name), chunks.length - 1);
      const chunk = chunks[at];
      if (chunk === undefined) {
        chunks.push([name]);
        return;
      }
      chunk.splice(lowerBound(chunk, name), 0, name);
      if (chunk.length > CHUNK_MAX) chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX / 2));
    },
    remove: (name) => {
      const at = chunkOf(name);
      const chunk = chunks[at];
      const place = chunk === undefined ? 0 : lowerBound(chunk, name);
      if (chunk?.[place] !== name) return;
      size -= 1;
      if (chunk.length === 1) chunks.splice(at, 1);
      else chunk.splice(place, 1);
    },
    *range(from, to, reverse) {
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
