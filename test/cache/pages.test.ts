/** Closed pages: what scrolling costs, what is shared between nodes, and that nobody reads more than they may. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLocalBus } from '#bus/local';
import { createLocalCache } from '#cache/local';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { createMessenger } from '#messenger/create';
import type { MessageView } from '#messenger/views';
import { createPatterns, type PatternUse } from '#store/patterns';
import { type DaxReads, readThroughDax } from '#table/dax/reads';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { Key, ScannableTable, Table } from '#table/port';
import { mainSchema } from '#table/schema';
import { plainSealer } from '../sim/plain-sealer.ts';
import { createMemoryShared } from './memory-level.ts';

const user = (digit: number) => `1000000${digit}-0000-4000-8000-000000000000` as UserUuid;
const [ada, bob, cy, dan] = [1, 2, 3, 4].map(user) as [UserUuid, UserUuid, UserUuid, UserUuid];
const handleOf = new Map([
  [ada, 'ada'],
  [bob, 'bob'],
  [cy, 'cy'],
  [dan, 'dan'],
] as [UserUuid, Handle][]);

let ms = Date.UTC(2026, 0, 1);
const now = () => ms;
let table: ScannableTable;
let shared: ReturnType<typeof createMemoryShared>;
/** Holds up the queries of a page, once. */
let hold: Promise<void> | undefined;

beforeEach(() => {
  table = createMemoryTable({ schema: mainSchema, name: 'pages', now });
  shared = createMemoryShared(now);
  hold = undefined;
});

const startNode = (name: string, withShared = true) => {
  const uses: PatternUse[] = [];
  const held: Table = {
    ...table,
    query: async (request, call) => {
      const result = await table.query(request, call);
      const waiting = hold;
      hold = undefined;
      await waiting;
      return result;
    },
  };
  const patterns = createPatterns(
    held,
    (use) => uses.push(use),
    () => 0,
  );
  const cache = createLocalCache(now, () => 1, withShared ? { shared: shared.at(name) } : {});
  const { messenger, fanout } = createMessenger({
    patterns,
    sealer: plainSealer,
    cache,
    bus: createLocalBus(),
    now,
    randomBytes,
  });
  /** The requests of the table since the last time, but for those that came from a cache. */
  const requests = () => uses.splice(0).filter(({ cached }) => cached !== true);
  const cachedPages = () => uses.filter(({ cached }) => cached === true).length;
  return { messenger, fanout, requests, cachedPages, uses };
};

type Node = ReturnType<typeof startNode>;

const provision = async (node: Node) => {
  for (const [uuid, handle] of handleOf) await node.messenger.provision(uuid, { handle });
};

const talk = async (node: Node, conversation: ConversationUuid, count: number, by = ada) => {
  const sent: MessageView[] = [];
  for (let index = 0; index < count; index += 1) {
    ms += 10;
    sent.push((await node.messenger.send({ user: by }, conversation, { message: `text ${index + 1}` })).message);
  }
  return sent;
};

const openDirect = async (node: Node): Promise<ConversationUuid> => {
  await provision(node);
  const { conversation } = await node.messenger.open({ user: ada }, { handles: ['bob' as Handle] });
  return conversation.uuid as ConversationUuid;
};

const walk = async (node: Node, who: UserUuid, conversation: ConversationUuid, limit = 20) => {
  const pages: { seqs: number[]; requests: number; texts: (string | undefined)[] }[] = [];
  let cursor: string | undefined;
  do {
    node.requests();
    const page = await node.messenger.history({ user: who }, conversation, cursor ? { limit, cursor } : { limit });
    const texts = page.messages.map(({ message }) => message);
    pages.push({ seqs: page.messages.map(({ seq }) => seq), requests: node.requests().length, texts });
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
};
const countdown = (from: number, to = 1) => Array.from({ length: from - to + 1 }, (_, index) => from - index);

describe('[PAGE-3] a page costs one query, none when cached', () => {
  test('whatever the limit: one query at most for each page of a walk, none for a second walk below the head', async () => {
    const writer = startNode('writer');
    const conversation = await openDirect(writer);
    await talk(writer, conversation, 330);
    for (const limit of [7, 20, 50, 100]) {
      shared = createMemoryShared(now);
      const node = startNode('reader');
      await walk(node, ada, conversation, 1);
      const first = startNode('first');
      await first.messenger.history({ user: ada }, conversation, { limit: 1 });
      const cold = await walk(first, ada, conversation, limit);
      expect(cold.flatMap(({ seqs }) => seqs)).toEqual(countdown(330));
      for (const { requests } of cold) expect(requests).toBeLessThanOrEqual(1);
      const warm = await walk(first, ada, conversation, limit);
      expect(warm.flatMap(({ seqs }) => seqs)).toEqual(countdown(330));
      // What is above the last closed page is read anew each time.
      for (const { requests, seqs } of warm) if ((seqs[0] ?? 0) <= 300) expect(requests).toBe(0);
    }
  });

  test('the first page at the head costs one unit', async () => {
    const node = startNode('a');
    const conversation = await openDirect(node);
    await talk(node, conversation, 120);
    node.requests();
    await node.messenger.history({ user: ada }, conversation, { limit: 20 });
    expect(node.requests().map(({ pattern, capacity }) => [pattern, capacity.read])).toEqual([['listMessages', 1]]);
  });

  test('several missing pages are one query', async () => {
    const node = startNode('a');
    const conversation = await openDirect(node);
    await talk(node, conversation, 200);
    node.requests();
    await node.messenger.history({ user: ada }, conversation, { limit: 100, before_seq: 180 });
    expect(node.requests().map(({ pattern }) => pattern)).toEqual(['listMessages']);
  });

  test('what a cache answered is told as such, at no cost', async () => {
    const node = startNode('a');
    const conversation = await openDirect(node);
    await talk(node, conversation, 60);
    const request = { limit: 10, before_seq: 50 };
    await node.messenger.history({ user: ada }, conversation, request);
    node.requests();
    await node.messenger.history({ user: ada }, conversation, request);
    expect(node.uses).toMatchObject([
      { pattern: 'listMessages', cached: true, capacity: { read: 0, write: 0 }, failed: false },
    ]);
  });
});

test('scrolling back through a conversation that another user just read makes no table request', async () => {
  const writer = startNode('writer');
  const conversation = await openDirect(writer);
  await talk(writer, conversation, 300);
  const adas = startNode('ada');
  await walk(adas, ada, conversation);
  const bobs = startNode('bob');
  const pages = await walk(bobs, bob, conversation);
  expect(pages.flatMap(({ seqs }) => seqs)).toEqual(countdown(300));
  const [head, ...back] = pages;
  expect(head?.requests).toBe(1);
  expect(back.reduce((sum, { requests }) => sum + requests, 0)).toBe(0);
});

describe('[PAGE-4] [SEC-5] a cached page is cut to what its reader may read', () => {
  const group = async () => {
    const node = startNode('a');
    await provision(node);
    const wish = { handles: ['bob', 'cy'] as Handle[], title: 'three' };
    const { conversation } = await node.messenger.open({ user: ada }, wish);
    const uuid = conversation.uuid as ConversationUuid;
    await talk(node, uuid, 70);
    await node.messenger.removeParticipant({ user: ada }, uuid, 'bob' as Handle);
    await talk(node, uuid, 70);
    await node.messenger.addParticipant({ user: ada }, uuid, 'dan' as Handle);
    await talk(node, uuid, 100);
    // Everything is in the cache by then.
    const all = (await walk(node, ada, uuid, 100)).flatMap(({ seqs }) => seqs);
    return { node, uuid, all };
  };

  test('a removed member reads up to their removal, a new one from their joining', async () => {
    const { node, uuid, all } = await group();
    expect(all).toEqual(countdown(243));
    const seqsOf = async (who: UserUuid, limit: number) =>
      (await walk(node, who, uuid, limit)).flatMap(({ seqs }) => seqs);
    for (const limit of [9, 20, 100]) {
      expect(await seqsOf(bob, limit)).toEqual(countdown(72));
      expect(await seqsOf(dan, limit)).toEqual(countdown(243, 143));
      expect(await seqsOf(cy, limit)).toEqual(countdown(243));
    }
  });

  test('a stranger gets the same 404, whatever is cached', async () => {
    const node = startNode('a');
    const conversation = await openDirect(node);
    await talk(node, conversation, 120);
    await walk(node, ada, conversation);
    const request = { limit: 10, before_seq: 50 };
    await expect(node.messenger.history({ user: cy }, conversation, request)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('what a cursor claims to know opens nothing', async () => {
    const { node, uuid } = await group();
    const forged = Buffer.from('h|1000000|999999999999').toString('base64url');
    const { messages } = await node.messenger.history({ user: bob }, uuid, { limit: 100, cursor: forged });
    expect(messages.map(({ seq }) => seq)).toEqual(countdown(72));
  });
});

/** Gives for as long as it is asked what it gave first, as DAX does within its time to live. */
const rememberingDax = (real: Table): DaxReads => {
  const queries = new Map<string, ReturnType<DaxReads['query']>>();
  return {
    get: async (input) => ({ Item: (await real.get({ key: (input as { readonly Key: Key }).Key })).item }),
    query: (input) => {
      const { ExpressionAttributeValues: values, Limit: limit } = input as {
        readonly ExpressionAttributeValues: { readonly ':pk': string; readonly ':a': string; readonly ':b': string };
        readonly Limit: number;
      };
      const name = JSON.stringify(input);
      const answer =
        queries.get(name) ??
        real
          .query({ pk: values[':pk'], sk: ['between', values[':a'], values[':b']], limit })
          .then(({ items }) => ({ Items: items }));
      queries.set(name, answer);
      return answer;
    },
  };
};

describe('an entry that is changed', () => {
  /** As somebody sees it who has scrolled back to it. */
  const textAt = async (node: Node, conversation: ConversationUuid, seq: number) => {
    await node.messenger.history({ user: bob }, conversation, { limit: 1 });
    const { messages } = await node.messenger.history({ user: bob }, conversation, { limit: 1, before_seq: seq + 1 });
    return messages[0]?.message;
  };

  test('shows at once on the node that changed it, and on the others when word reaches them', async () => {
    const [a, b] = [startNode('a'), startNode('b')];
    const conversation = await openDirect(a);
    await talk(a, conversation, 60);
    expect(await textAt(b, conversation, 7)).toBe('text 7');
    await a.messenger.edit({ user: ada }, conversation, 7, 'edited');
    expect(await textAt(a, conversation, 7)).toBe('edited');
    expect(await textAt(b, conversation, 7)).toBe('edited');
    await a.messenger.react({ user: ada }, conversation, 7, '👍', true);
    const { messages } = await b.messenger.history({ user: bob }, conversation, { limit: 1, before_seq: 8 });
    expect(messages[0]?.reactions).toEqual({ '👍': [ada] });
    await a.messenger.deleteMessage({ user: ada }, conversation, 7);
    expect(await textAt(b, conversation, 7)).toBeUndefined();
  });

  test('[PAGE-3] shows at once also where DAX remembers its page as it was', async () => {
    const real = table;
    table = readThroughDax(real, rememberingDax(real), () => true, { now });
    const [a, b] = [startNode('a'), startNode('b')];
    const conversation = await openDirect(a);
    await talk(a, conversation, 60);
    expect(await textAt(a, conversation, 7)).toBe('text 7');
    await a.messenger.deleteMessage({ user: ada }, conversation, 7);
    expect(await textAt(a, conversation, 7)).toBeUndefined();
    expect(await textAt(b, conversation, 7)).toBeUndefined();
  });

  test('a reading begun before the change is not kept after it', async () => {
    const [a, b] = [startNode('a'), startNode('b')];
    const conversation = await openDirect(a);
    await talk(a, conversation, 60);
    await b.messenger.history({ user: bob }, conversation, { limit: 1 });
    let goOn = (): void => undefined;
    hold = new Promise((resolve) => {
      goOn = resolve;
    });
    const slow = b.messenger.history({ user: bob }, conversation, { limit: 1, before_seq: 8 });
    // The query has its old answer in hand when the edit happens.
    await new Promise((resolve) => setImmediate(resolve));
    await a.messenger.edit({ user: ada }, conversation, 7, 'edited');
    goOn();
    expect((await slow).messages[0]?.message).toBe('text 7');
    expect(await textAt(b, conversation, 7)).toBe('edited');
    expect(await textAt(startNode('c'), conversation, 7)).toBe('edited');
  });

  test('shows within five minutes also where no word came', async () => {
    const [a, deaf] = [startNode('a'), startNode('b', false)];
    const conversation = await openDirect(a);
    await talk(a, conversation, 60);
    await textAt(deaf, conversation, 7);
    await a.messenger.edit({ user: ada }, conversation, 7, 'edited');
    expect(await textAt(deaf, conversation, 7)).toBe('text 7');
    ms += 300_000;
    expect(await textAt(deaf, conversation, 7)).toBe('edited');
  });

  test('the fan-out says it again for a node that changed it and crashed before it could say so', async () => {
    const [a, b] = [startNode('a'), startNode('b')];
    const conversation = await openDirect(a);
    await talk(a, conversation, 60);
    await textAt(b, conversation, 7);
    const crashed = startNode('crashed', false);
    await crashed.messenger.react({ user: ada }, conversation, 7, '👍', true);
    const [shard] = await table.feed.shards();
    const { records } = await table.feed.read(shard?.id ?? '', 'oldest', 1_000);
    await a.fanout(records.filter(({ kind }) => kind === 'modify'));
    const { messages } = await b.messenger.history({ user: bob }, conversation, { limit: 1, before_seq: 8 });
    expect(messages[0]?.reactions).toEqual({ '👍': [ada] });
  });
});

test('[PAGE-2] a walk on a replica that lags behind passes over nothing', async () => {
  const writer = startNode('writer');
  const conversation = await openDirect(writer);
  await talk(writer, conversation, 130);
  const real = table;
  for (const missing of [[125], [130, 129], [110, 109, 108], [60], countdown(100, 51)]) {
    // Readings that are not consistent know nothing of these entries yet.
    const lags: ScannableTable = {
      ...real,
      query: async (request, call) => {
        const result = await real.query(request, call);
        if (request.index !== undefined || request.consistent === true) return result;
        return { ...result, items: result.items.filter(({ seq }) => !missing.includes(Number(seq))) };
      },
    };
    table = lags;
    const node = startNode('lagging', false);
    const seqs = (await walk(node, ada, conversation)).flatMap((page) => page.seqs);
    const newest = seqs[0] ?? 0;
    expect(newest).toBeGreaterThanOrEqual(128);
    expect(seqs).toEqual(countdown(newest));
  }
});
