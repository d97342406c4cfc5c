/**
 * Pages of queries as they were answered, for as long as nothing in their partition changes: what is asked again costs neither a
 * walk nor a decoding. Every write drops what it could show in before its writer hears of it, so an answer out of memory
 * is the one a query would give. Used only while nobody else can write.
 */
import { LRUCache } from 'lru-cache';
import type { QueryResult, Value } from '../port.ts';

/** Of items as they are stored; in memory they take some three times that. */
const BYTES_MAX = 32 * 1_024 * 1_024;
/** Larger pages are for walks that come by once. */
const PAGE_BYTES_MAX = 64 * 1_024;
/** The ways one partition is asked: its newest page, a reader further back, an inbox with another limit. */
const PAGES_PER_PARTITION = 8;
/** A page's own weight beside its items. */
const PAGE_BYTES = 200;

interface Partition {
  /** The one added last stands last. */
  readonly pages: Map<string, { readonly result: QueryResult; readonly bytes: number }>;
  bytes: number;
}

export interface Recall {
  get(partition: string, query: string): QueryResult | undefined;
  /** The result, frozen from here on, since it is given to whoever asks. @param bytes of its items, as they are stored. */
  keep(partition: string, query: string, result: QueryResult, bytes: number): void;
  /** Something was written there. */
  changed(partition: string): void;
  clear(): void;
}

const freeze = (value: Value): void => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Set) return;
  for (const inner of Object.values(value)) freeze(inner);
  Object.freeze(value);
};

export const createRecall = (): Recall => {
  const partitions = new LRUCache<string, Partition>({
    maxSize: BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes,
  });
  return {
    get: (partition, query) => partitions.get(partition)?.pages.get(query)?.result,
    keep: (partition, query, result, bytes) => {
      if (bytes > PAGE_BYTES_MAX) return;
      for (const item of result.items) freeze(item);
      Object.freeze(result.items);
      const known = partitions.peek(partition) ?? { pages: new Map(), bytes: 0 };
      const [oldest] = known.pages;
      if (oldest !== undefined && known.pages.size >= PAGES_PER_PARTITION) {
        known.pages.delete(oldest[0]);
        known.bytes -= oldest[1].bytes;
      }
      const size = bytes + PAGE_BYTES;
      known.pages.set(query, { result, bytes: size });
      known.bytes += size;
      // Set anew, so that the sum counts its new size.
      partitions.delete(partition);
      partitions.set(partition, known);
    },
    changed: (partition) => void partitions.delete(partition),
    clear: () => partitions.clear(),
  };
};
