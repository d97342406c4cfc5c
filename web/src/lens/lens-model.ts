/**
 * What the Lens knows: every request to the table since it was opened, added up by access pattern, and the stored items
 * behind the open conversation, with those that just changed.
 */
import type { Api } from '#client/http';
import { createSignal, type Observable } from '#client/signal';
import { createSseParser } from '#client/sse';
import type { LensEvent } from '#protocol/events';

/** An item as the table holds it. */
export type StoredItem = { readonly pk: string; readonly sk: string } & Readonly<Record<string, unknown>>;

export interface LensRequest extends LensEvent {
  readonly id: number;
  readonly at: number;
}

/** The uses of one access pattern, added up. */
export interface PatternTotal {
  readonly pattern: string;
  readonly letter: string | undefined;
  readonly operation: string;
  readonly index: string | undefined;
  readonly count: number;
  readonly cached: number;
  readonly items: number;
  readonly read_units: number;
  readonly write_units: number;
  readonly ms: number;
}

export interface LensSnapshot {
  readonly status: 'connecting' | 'open' | 'lost';
  /** Newest first. */
  readonly requests: readonly LensRequest[];
  /** In the order in which they were first seen. */
  readonly patterns: readonly PatternTotal[];
  readonly total: Omit<PatternTotal, 'pattern' | 'letter' | 'operation' | 'index'>;
  /** In the table's order. */
  readonly items: readonly StoredItem[];
  /** Keys (`itemKey`) of the items that were written a moment ago. */
  readonly lit: ReadonlySet<string>;
}

export interface LensModel extends Observable<LensSnapshot> {
  show(conversation: string | undefined): void;
  reset(): void;
  start(): void;
  stop(): void;
}

/** The list shows the last of them; the totals count all. */
const requestsMax = 200;
const reconnectMs = 2_000;
/** Writes come in twos and threes (an entry, then the rows): the items are fetched once behind them. */
const settleMs = 120;
const litMs = 2_500;

export const itemKey = (item: StoredItem): string => `${item.pk} ${item.sk}`;

const nothing = { count: 0, cached: 0, items: 0, read_units: 0, write_units: 0, ms: 0 };

const add = <Total extends typeof nothing>(total: Total, event: LensEvent): Total => ({
  ...total,
  count: total.count + 1,
  cached: total.cached + (event.cached ? 1 : 0),
  items: total.items + event.items,
  read_units: total.read_units + event.read_units,
  write_units: total.write_units + event.write_units,
  ms: total.ms + event.ms,
});

export function createLensModel(api: Api): LensModel {
  let status: LensSnapshot['status'] = 'connecting';
  let requests: readonly LensRequest[] = [];
  let patterns = new Map<string, PatternTotal>();
  let total = nothing;
  let items: readonly StoredItem[] = [];
  let lit = new Map<string, number>();
  let conversation: string | undefined;
  let counter = 0;
  let abort: AbortController | undefined;
  let fetching: number | undefined;
  let dimming: number | undefined;
  let reconnecting: number | undefined;

  const signal = createSignal<LensSnapshot>(() => ({
    status,
    requests,
    patterns: [...patterns.values()],
    total,
    items,
    lit: new Set(lit.keys()),
  }));

  const receive = (event: LensEvent): void => {
    counter += 1;
    requests = [{ ...event, id: counter, at: Date.now() }, ...requests.slice(0, requestsMax - 1)];
    const { pattern, letter, operation, index } = event;
    patterns = new Map(patterns).set(
      pattern,
      add(patterns.get(pattern) ?? { ...nothing, pattern, letter, operation, index }, event),
    );
    total = add(total, event);
    if (event.write_units > 0) fetchSoon();
    signal.changed();
  };

  const fetchSoon = (): void => {
    clearTimeout(fetching);
    fetching = window.setTimeout(() => void fetchItems(), settleMs);
  };

  const fetchItems = async (): Promise<void> => {
    const wanted = conversation;
    if (wanted === undefined) return;
    try {
      const { items: fetched } = await api.lensItems(wanted);
      if (wanted !== conversation) return;
      light(fetched);
      items = fetched;
      signal.changed();
    } catch {
      // The next write asks again; the list of requests is not touched by it.
    }
  };

  const light = (fetched: readonly StoredItem[]): void => {
    const before = new Map(items.map((item) => [itemKey(item), JSON.stringify(item)]));
    if (before.size === 0) return;
    const until = Date.now() + litMs;
    for (const item of fetched) if (before.get(itemKey(item)) !== JSON.stringify(item)) lit.set(itemKey(item), until);
    clearTimeout(dimming);
    dimming = window.setTimeout(() => {
      lit = new Map([...lit].filter(([, end]) => end > Date.now()));
      signal.changed();
    }, litMs + settleMs);
  };

  const connect = async (): Promise<void> => {
    const controller = new AbortController();
    abort = controller;
    try {
      const response = await api.lens(controller.signal);
      status = 'open';
      signal.changed();
      const parse = createSseParser({
        event: (name, text) => {
          if (name === 'request') receive(JSON.parse(text) as LensEvent);
        },
        retry: () => undefined,
      });
      const reader = response.body?.getReader();
      const decoder = new TextDecoder();
      for (;;) {
        const piece = await reader?.read();
        if (piece?.value === undefined) break;
        parse(decoder.decode(piece.value, { stream: true }));
      }
    } catch {
      // Refused, broken off or stopped: all that is left is to try again.
    }
    if (controller.signal.aborted) return;
    status = 'lost';
    signal.changed();
    reconnecting = window.setTimeout(() => void connect(), reconnectMs);
  };

  return {
    getSnapshot: signal.getSnapshot,
    subscribe: signal.subscribe,
    start: () => void connect(),
    stop: () => {
      abort?.abort();
      clearTimeout(reconnecting);
      clearTimeout(fetching);
      clearTimeout(dimming);
    },
    show: (next) => {
      if (next === conversation) return;
      conversation = next;
      items = [];
      lit.clear();
      signal.changed();
      void fetchItems();
    },
    reset: () => {
      requests = [];
      patterns = new Map();
      total = nothing;
      signal.changed();
    },
  };
}
