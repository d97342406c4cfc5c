/**
 * Closed pages: the log cut into fifties, seqs 50k + 1 to 50k + 50. The log has no gaps, so a page of which all fifty were read
 * is complete for ever and changes only by edits, deletions, reactions and erasure; it can be cached whole, for every reader,
 * as it is stored (SEC-5). Who may read which of its entries is decided before this is asked, and the page is cut to it after.
 */
import { LRUCache } from 'lru-cache';
import type { Cache, CachePolicy } from '#cache/port';
import { seqMax } from '#domain/limits';
import type { EntryItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import type { CallOptions } from '#table/port';

const pageLength = 50;

/**
 * Who changes an entry says so at once, and the fan-out says it again when it comes by in the feed; five minutes is for when
 * neither was heard. Old pages are better than none while the table is away.
 */
const policy: CachePolicy = { ttlMs: 300_000, staleOnErrorMs: 600_000, negativeTtlMs: 0 };

/** The page that holds a seq, counted from 0. */
const pageOf = (seq: number): number => Math.floor((seq - 1) / pageLength);
const bottomOf = (page: number): number => page * pageLength + 1;
const topOf = (page: number): number => (page + 1) * pageLength;

const keyOf = (conversation: string, page: number): string => `page:${conversation}:${page}`;

/** Newest first, as a page of the log should be. */
const contiguous = (entries: readonly EntryItem[]): boolean =>
  entries.every((entry, index) => index === 0 || entry.seq === (entries[index - 1]?.seq ?? 0) - 1);

/** What is asked for: the newest `limit` entries of a range of seqs that may be read, both ends included. */
export interface EntryRange {
  readonly first: number;
  readonly last: number;
  readonly limit: number;
  /** A seq that is known to exist, or is likely to: pages that end below it are looked for as closed ones. */
  readonly known: number;
}

export interface Pages {
  /** The entries, newest first, without a gap. */
  read(conversation: string, range: EntryRange, call?: CallOptions): Promise<readonly EntryItem[]>;
  /** An entry was changed: its page is dropped. */
  changed(conversation: string, seq: number): void;
}

/** Conversations of which this node remembers how far it has seen them reach. */
const headsMax = 10_000;

export const createPages = (patterns: Patterns, cache: Cache): Pages => {
  const heads = new LRUCache<string, number>({ maxSize: headsMax, sizeCalculation: () => 1 });

  /** One query; asked again consistently if a lagging replica left a hole. */
  const query = async (
    conversation: string,
    first: number,
    last: number,
    options: CallOptions & { readonly limit: number; readonly consistent?: boolean },
  ): Promise<readonly EntryItem[]> => {
    const { items } = await patterns.listMessages(conversation, first, last, options);
    if (contiguous(items) || options.consistent === true) return items;
    return (await patterns.listMessages(conversation, first, last, { ...options, consistent: true })).items;
  };

  const complete = (entries: readonly EntryItem[], page: number): EntryItem[] | undefined => {
    const own = entries.filter(({ seq }) => pageOf(seq) === page);
    return own.length === pageLength && contiguous(own) ? own : undefined;
  };

  /** The pages from `low` to `high` that are closed, cached or read, and the part of the one above that ends at `last`. */
  const readPages = async (
    conversation: string,
    low: number,
    high: number,
    open: { readonly first: number; readonly last: number } | undefined,
    call: CallOptions | undefined,
  ) => {
    const pages = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    const pageByKey = new Map(pages.map((page) => [keyOf(conversation, page), page]));
    let read: readonly EntryItem[] | undefined;
    // Whatever is missing, and the open part with it, is one query from the lowest missing page upwards.
    const load = async (missing: readonly string[], fresh: boolean) => {
      const wanted = missing.map((key) => pageByKey.get(key) ?? low);
      const first = bottomOf(Math.min(...wanted));
      const last = open?.last ?? topOf(Math.max(...wanted));
      const options = { ...call, limit: last - first + 1, consistent: fresh, settled: open === undefined && !fresh };
      read = await query(conversation, first, last, options);
      const found = new Map<string, EntryItem[]>();
      for (const [index, page] of wanted.entries()) {
        const entries = complete(read, page);
        const key = missing[index];
        if (entries !== undefined && key !== undefined) found.set(key, entries);
      }
      return found;
    };
    const found = await cache.readMany<EntryItem[]>([...pageByKey.keys()], policy, load);
    const all = new Map<number, EntryItem>();
    for (const { value, cached } of found.values()) {
      if (value === undefined) continue;
      for (const entry of value) all.set(entry.seq, entry);
      if (cached) {
        const oldest = value.at(-1)?.seq ?? 0;
        patterns.cachedMessages(conversation, oldest, value[0]?.seq ?? 0, value.length);
      }
    }
    for (const entry of read ?? []) all.set(entry.seq, entry);
    if (open !== undefined && read === undefined) {
      const options = { ...call, limit: open.last - open.first + 1 };
      for (const entry of await query(conversation, open.first, open.last, options)) all.set(entry.seq, entry);
    }
    return [...all.values()].sort((a, b) => b.seq - a.seq);
  };

  const read = async (
    conversation: string,
    { first, last, limit, known }: EntryRange,
    call: CallOptions | undefined,
  ): Promise<readonly EntryItem[]> => {
    const options = { ...call, limit };
    // From the head, or from where nobody knows of anything: one query, and no page but the newest.
    if (known < last) return query(conversation, first, Math.min(last, seqMax), options);
    const floor = Math.max(first, last - limit + 1);
    const top = pageOf(last);
    const isOpen = topOf(top) > known;
    const low = pageOf(floor);
    const high = isOpen ? top - 1 : top;
    if (high < low) {
      const entries = await query(conversation, first, last, options);
      // It is known to be there: a replica that lags so far behind must not make the walk pass over it.
      if (entries[0]?.seq === last) return entries;
      return query(conversation, first, last, { ...options, consistent: true });
    }
    const open = isOpen ? { first: bottomOf(top), last } : undefined;
    const entries = (await readPages(conversation, low, high, open, call)).filter(
      ({ seq }) => seq >= floor && seq <= last,
    );
    const whole = entries.length === last - floor + 1 && contiguous(entries);
    // More than DynamoDB answers at once, a replica that lags, or a seq that was not there after all.
    return whole ? entries : query(conversation, first, last, { ...options, consistent: true });
  };

  return {
    read: async (conversation, range, call) => {
      const known = Math.max(range.known, heads.get(conversation) ?? 0);
      const entries = await read(conversation, { ...range, known }, call);
      const newest = entries[0]?.seq ?? 0;
      if (newest > (heads.get(conversation) ?? 0)) heads.set(conversation, newest);
      return entries;
    },
    changed: (conversation, seq) => cache.invalidate([keyOf(conversation, pageOf(seq))]),
  };
};
