/** Nodes over one table, with the real sealer and keys, and a clock that only tests move. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalBus } from '#bus/local';
import type { Bus } from '#bus/port';
import { createLocalCache } from '#cache/local';
import { createKeyEraser } from '#crypto/key-lifecycle';
import { createLocalWrapper } from '#crypto/local-wrapper';
import { createSealer } from '#crypto/sealer';
import { createKeyring } from '#crypto/table-keyring';
import { type ConversationUuid, type Handle, handle as toHandle, type UserUuid } from '#domain/ids';
import { createMessenger } from '#messenger/create';
import { startFeedRunner } from '#messenger/feed-runner';
import { createPatterns, type PatternUse } from '#store/patterns';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { Item, ScannableTable, Table } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import { startDynamoServer, testRegion } from '../support/dynoxide.ts';

export interface Tables {
  readonly main: ScannableTable;
  readonly keys: ScannableTable;
  /** Where the server of the tables is, where there is one. */
  readonly endpoint?: string;
  close(): Promise<void>;
}

export const onMemory = async (now: () => number): Promise<Tables> => {
  const main = createMemoryTable({ schema: mainSchema, name: 'parley', now });
  const keys = createMemoryTable({ schema: keysSchema, name: 'parley-keys', now });
  return {
    main,
    keys,
    close: async () => {
      await main.close();
      await keys.close();
    },
  };
};

export const onLmdb = async (now: () => number): Promise<Tables> => {
  const path = await mkdtemp(join(tmpdir(), 'parley-lifecycle-'));
  const main = await openEmbeddedTable({ path, schema: mainSchema, name: 'parley', now });
  const keys = await openEmbeddedTable({ path, schema: keysSchema, name: 'parley-keys', now });
  return {
    main,
    keys,
    close: async () => {
      await main.close();
      await keys.close();
      await rm(path, { recursive: true, force: true });
    },
  };
};

export const onDynamo = async (): Promise<Tables> => {
  const { endpoint, stop } = await startDynamoServer();
  const name = `parley-${process.pid}`;
  const admin = createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });
  await admin.createTable(name, mainSchema);
  await admin.createTable(`${name}-keys`, keysSchema);
  admin.close();
  const common = { region: testRegion, endpoint, now: Date.now, random: Math.random };
  const main = createDynamoTable({ ...common, name, schema: mainSchema });
  const keys = createDynamoTable({ ...common, name: `${name}-keys`, schema: keysSchema });
  return {
    main,
    keys,
    endpoint,
    close: async () => {
      await main.close();
      await keys.close();
      await stop();
    },
  };
};

export const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a test expected something here');
  return value;
};

export const named = (text: string): Handle => must(toHandle(text));

/** A table with each request passed through `around` first: to fail it, to hold it up, to count it. */
export const watched = (table: ScannableTable, around: <T>(run: () => Promise<T>) => Promise<T>): ScannableTable => ({
  name: table.name,
  feed: table.feed,
  get: (request, call) => around(() => table.get(request, call)),
  put: (request, call) => around(() => table.put(request, call)),
  update: (request, call) => around(() => table.update(request, call)),
  delete: (request, call) => around(() => table.delete(request, call)),
  query: (request, call) => around(() => table.query(request, call)),
  batchGet: (keys, consistent, call) => around(() => table.batchGet(keys, consistent, call)),
  batchWrite: (writes, call) => around(() => table.batchWrite(writes, call)),
  scan: (request, call) => around(() => table.scan(request, call)),
  close: async () => undefined,
});

export interface Person {
  readonly user: UserUuid;
  readonly handle: Handle;
}

/** @param open makes the tables; the clock of DynamoDB itself goes on, so there the rig's begins with it. */
export const startRig = async (open: (now: () => number) => Promise<Tables> = onMemory) => {
  const clock = { now: Date.now() };
  const now = (): number => clock.now;
  const folder = await mkdtemp(join(tmpdir(), 'parley-lifecycle-keys-'));
  const wrapper = await createLocalWrapper({ folder, nodeEnv: 'test' });
  const tables = await open(now);

  const startNode = (over: { main?: Table; keys?: Table; bus?: Bus } = {}) => {
    const main = over.main ?? tables.main;
    const keys = over.keys ?? tables.keys;
    const uses: PatternUse[] = [];
    const patterns = createPatterns(
      main,
      (use) => uses.push(use),
      () => 0,
    );
    const ticks = new Set<{ readonly ms: number; readonly run: () => void }>();
    const bus = over.bus ?? createLocalBus();
    const made = createMessenger({
      patterns,
      sealer: createSealer({ keyring: createKeyring({ table: keys, wrapper, now, randomBytes }), now }),
      keys: createKeyEraser(keys),
      cache: createLocalCache(now, () => 1),
      bus,
      now,
      randomBytes,
      every: (ms, run) => {
        const tick = { ms, run };
        ticks.add(tick);
        return () => ticks.delete(tick);
      },
    });
    return { ...made, patterns, bus, uses, ticks };
  };
  const node = startNode();

  const join_ = async (handle: string, display_name = handle): Promise<Person> => {
    const user = randomUUID() as UserUuid;
    await node.messenger.provision(user, { handle: named(handle), display_name });
    return { user, handle: named(handle) };
  };

  /** Brings every row up to date, as the server's own fan-out would. */
  const settle = async (over = node): Promise<void> => {
    const wait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const faults: unknown[] = [];
    const runner = startFeedRunner(tables.main.feed, over.patterns, over.fanout, 'fanout', { now, wait }, (error) =>
      faults.push(error),
    );
    await runner.settled();
    await runner.stop();
    if (faults.length > 0) throw faults[0];
  };

  const scan = async (table: ScannableTable): Promise<Item[]> => {
    const items: Item[] = [];
    let start: Parameters<ScannableTable['scan']>[0]['start'];
    do {
      const page = await table.scan(start ? { start } : {});
      items.push(...page.items);
      start = page.next;
    } while (start !== undefined);
    return items;
  };

  return {
    clock,
    tables,
    node,
    startNode,
    settle,
    person: join_,
    say: async (by: Person, conversation: ConversationUuid, message: string, on = node) =>
      (await on.messenger.send({ user: by.user }, conversation, { message })).message,
    open: async (by: Person, handles: readonly string[], title?: string): Promise<ConversationUuid> => {
      const request = { handles: handles.map(named), ...(title !== undefined && { title }) };
      const { conversation } = await node.messenger.open({ user: by.user }, request);
      return conversation.uuid as ConversationUuid;
    },
    scanMain: () => scan(tables.main),
    scanKeys: () => scan(tables.keys),
    close: async (): Promise<void> => {
      node.messenger.close();
      await tables.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

export type Rig = Awaited<ReturnType<typeof startRig>>;

/** An item as one text: every name and value in it, keys and sets included. */
export const textOf = (item: Item): string =>
  JSON.stringify(item, (_, value: unknown) =>
    value instanceof Set ? [...value] : value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
