/**
 * What the cache of closed pages saves: `node --conditions=source --import tsx bench/cache-replay.ts --file conversations.jsonl
 * [--scrolls 2000] [--nodes 5]`. Each line of the file is `{"id": …, "messages": [{"from": …, "text": …}, …]}`. Lines are joined
 * by pairs into longer logs, which are then read back by people at several nodes; which conversation is read follows Zipf's
 * law. Prints hit rates and read units, with and without the cache.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLocalCache } from '#cache/local';
import type { Cache } from '#cache/port';
import type { SharedLevel, SharedRead } from '#cache/shared';
import { seqMax } from '#domain/limits';
import { createPages, type Pages } from '#messenger/pages';
import type { EntryItem } from '#store/items';
import { createPatterns, type PatternUse } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import { mainSchema } from '#table/schema';
import { seeded } from './harness/random.ts';

const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    scrolls: { type: 'string', default: '2000' },
    nodes: { type: 'string', default: '5' },
    conversations: { type: 'string', default: '300' },
    length: { type: 'string', default: '200' },
  },
});
if (values.file === undefined) throw new Error('--file names a file of conversations, one a line');
/** Zipf's exponent: near 1 for what people look at. */
const exponent = 1;
/** Sealing adds this much to a text: a header, a nonce, a tag, and base64. */
const sealed = (text: string): string => 'x'.repeat(Math.ceil((text.length + 40) / 3) * 4 + 60);

interface Line {
  readonly id: string;
  readonly messages: readonly { readonly from: string; readonly text: string }[];
}

const now = Date.UTC(2026, 0, 1);
const table = createMemoryTable({ schema: mainSchema, name: 'replay', now: () => now });
const uses: PatternUse[] = [];
const patterns = createPatterns(
  table,
  (use) => uses.push(use),
  () => 0,
);
const texts = readFileSync(values.file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .flatMap((line) => (JSON.parse(line) as Line).messages.map(({ text }) => text));

const length = Number(values.length);
const count = Math.min(Number(values.conversations), Math.floor(texts.length / length));
for (let number = 0; number < count; number += 1) {
  for (let seq = 1; seq <= length; seq += 1) {
    const entry: EntryItem = {
      type: 'message',
      kind: 'text',
      message_group_uuid: `conversation-${number}`,
      seq,
      uuid: '00000000-0000-7000-8000-000000000000',
      user_uuid: '10000000-0000-4000-8000-000000000000',
      display_name: 'Somebody',
      handle: 'somebody',
      message: sealed(texts[number * length + seq - 1] ?? ''),
      created_at: '2026-01-01T00:00:00.000Z',
    };
    await patterns.appendEntry(entry);
  }
}

const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 1) ** exponent);
const total = weights.reduce((sum, weight) => sum + weight, 0);

type Read = Pages['read'];
const through = (cache: Cache): Read => createPages(patterns, cache).read;

/** The same readers and the same readings, through the given caches of the nodes. */
const replay = async (readers: readonly Read[]) => {
  uses.length = 0;
  const random = seeded(7);
  let shown = 0;
  for (let scroll = 0; scroll < Number(values.scrolls); scroll += 1) {
    let left = random() * total;
    const conversation = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    const read = readers[Math.floor(random() * readers.length)] ?? bare;
    // From the head back, page by page; half stop after each.
    let last = seqMax;
    let known = 0;
    do {
      const entries = await read(`conversation-${Math.max(0, conversation)}`, { first: 1, last, limit: 20, known });
      shown += 1;
      known = Math.max(known, entries[0]?.seq ?? 0);
      last = (entries.at(-1)?.seq ?? 1) - 1;
    } while (last > 0 && random() < 0.5);
  }
  const asked = uses.filter(({ cached }) => cached !== true);
  const units = asked.reduce((sum, { capacity }) => sum + capacity.read, 0);
  return { shown, queries: asked.length, units };
};

const nodes = Array.from({ length: Number(values.nodes) }, (_, index) => `node ${index}`);
const clock = () => now;
/** The level that the nodes share, of which nothing expires and nothing is invalidated while this runs. */
const stored = new Map<string, unknown>();
const shared: SharedLevel = {
  read: async (keys) =>
    keys.map((key): SharedRead => {
      const value = stored.get(key);
      if (value === undefined) return { state: 'miss', stamp: '', changed: false };
      return { state: 'hit', value, leftMs: Number.MAX_SAFE_INTEGER };
    }),
  write: (key, _stamp, value) => void stored.set(key, value),
  invalidate: () => undefined,
  onInvalidated: () => () => undefined,
};
/** Without a cache: one query a page, for just its entries. */
const bare: Read = async (conversation, { first, last, limit }) =>
  (await patterns.listMessages(conversation, first, last, { limit })).items;
const report = [
  ['no cache', await replay(nodes.map(() => bare))],
  ['in process', await replay(nodes.map(() => through(createLocalCache(clock, () => 1))))],
  ['in process and shared', await replay(nodes.map(() => through(createLocalCache(clock, () => 1, { shared }))))],
] as const;
console.log(`${count} conversations of ${length} messages, ${values.scrolls} scrolls at ${nodes.length} nodes`);
for (const [name, { shown, queries, units }] of report) {
  // The newest page of each scroll is always read: a cache must not answer for the head of a log.
  const scrolls = Number(values.scrolls);
  const hits = ((1 - (queries - scrolls) / (shown - scrolls)) * 100).toFixed(1);
  console.log(
    `${name}: ${shown} pages, ${queries} queries, ${units} read units; below the head ${hits} % without a query`,
  );
}
