/** The keyring on each engine: the same keys, the same agreement, the same end, wherever the table of keys is. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteKeysOf, rewrapKeys } from '#crypto/key-lifecycle';
import type { KeyWrapper } from '#crypto/key-wrapper';
import { createLocalWrapper, type LocalKeyWrapper } from '#crypto/local-wrapper';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { ScannableTable } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import { skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { ciphersOnly, conversation, kidWithin, place, rigOver } from './rig.ts';

interface Engine {
  readonly table: ScannableTable;
  close(): Promise<void>;
}

const name = `keys-${process.pid}`;

const onMemory = async (): Promise<Engine> => {
  const table = createMemoryTable({ schema: keysSchema, name, now: Date.now });
  return { table, close: () => table.close() };
};

const onLmdb = async (): Promise<Engine> => {
  const path = await mkdtemp(join(tmpdir(), 'parley-engine-'));
  const table = await openEmbeddedTable({ path, schema: keysSchema, name, now: Date.now });
  return {
    table,
    async close() {
      await table.close();
      await rm(path, { recursive: true, force: true });
    },
  };
};

const onDynamo = async (): Promise<Engine> => {
  const { endpoint, stop } = await startDynamoServer();
  const admin = createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });
  await admin.createTable(name, keysSchema);
  admin.close();
  const options = { name, schema: keysSchema, region: testRegion, endpoint, now: Date.now, random: Math.random };
  const table = createDynamoTable(options);
  return {
    table,
    async close() {
      await table.close();
      await stop();
    },
  };
};

describe.each([
  { engine: 'memory', open: onMemory, skip: false },
  { engine: 'LMDB', open: onLmdb, skip: false },
  { engine: 'DynamoDB', open: onDynamo, skip: skipServerTests },
])('the keyring on $engine', ({ open, skip }) => {
  let engine: Engine;
  let folder: string;
  let wrapper: LocalKeyWrapper;
  beforeAll(async () => {
    if (skip) return;
    engine = await open();
    folder = await mkdtemp(join(tmpdir(), 'parley-keys-'));
    wrapper = await createLocalWrapper({ folder, nodeEnv: 'test' });
  });
  afterAll(async () => {
    if (skip) return;
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  test.skipIf(skip)(
    '[SEC-2] nodes agree on keys, rotate them, wrap them anew; [USER-5] deleted, they are gone',
    async () => {
      const rig = rigOver(wrapper, { table: engine.table, start: Date.now() });
      const nodes = [1, 2, 3, 4].map(() => rig.node({ sealer: ciphersOnly }));
      const items = await Promise.all(
        nodes.map(async ({ sealer }, n) => ({
          place: place(n + 1),
          sealed: await sealer.seal(place(n + 1), `text ${n}`),
        })),
      );
      expect(new Set(items.map(({ sealed }) => kidWithin(sealed))).size).toBe(1);
      expect(await nodes[0]?.keyring.rotateDataKey(place(4))).toBe(2);
      const latest = { place: place(5), sealed: (await nodes[0]?.sealer.seal(place(5), 'text 4')) ?? '' };
      const other = { place: place(6, 2), sealed: (await nodes[0]?.sealer.seal(place(6, 2), 'text 5')) ?? '' };
      const page = [...items, latest, other];
      const texts = page.map((_, n) => ({ text: `text ${n}` }));
      expect(await rig.node().sealer.open(page)).toEqual(texts);

      await wrapper.rotate();
      const deadline = Date.now() + 5_000;
      expect(await rewrapKeys(engine.table, wrapper, { deadline })).toEqual({ seen: 3, rewrapped: 3, unreadable: 0 });
      expect(await rewrapKeys(engine.table, wrapper, { deadline })).toEqual({ seen: 3, rewrapped: 0, unreadable: 0 });
      expect(await rig.node().sealer.open(page)).toEqual(texts);

      expect(await deleteKeysOf(engine.table, place(1).author)).toEqual({ deleted: 2, done: true });
      expect(await rig.node().sealer.open(page)).toEqual([
        ...Array(5).fill({ unreadable: 'key_gone' }),
        { text: 'text 5' },
      ]);
    },
  );
});

test('[SEC-2] the raw files of the embedded tables hold no text and no unwrapped key', async () => {
  const path = await mkdtemp(join(tmpdir(), 'parley-raw-'));
  const local = await createLocalWrapper({ folder: join(path, 'keys'), nodeEnv: 'test' });
  const plains: Buffer[] = [];
  const wrapper: KeyWrapper = {
    ...local,
    async generate(context, deadline) {
      const made = await local.generate(context, deadline);
      plains.push(Buffer.from(made.plain));
      return made;
    },
  };
  const keys = await openEmbeddedTable({ path, schema: keysSchema, name: 'raw-keys', now: Date.now });
  const main = await openEmbeddedTable({ path, schema: mainSchema, name: 'raw-main', now: Date.now });
  const { sealer } = rigOver(wrapper, { table: keys, start: Date.now() }).node();
  const text = 'a needle that nobody else would write';
  for (let seq = 1; seq <= 20; seq += 1) {
    const sk = String(seq).padStart(12, '0');
    const message = await sealer.seal(place(seq, seq % 3), text);
    await main.put({ item: { pk: `MSG#${conversation(1)}`, sk, type: 'message', message } });
  }
  await keys.close();
  await main.close();

  const entries = await readdir(join(path, 'tables'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const bytes = Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
  // The search can find: the ids are there in clear.
  expect(bytes.includes(conversation(1))).toBe(true);
  expect(plains).toHaveLength(3);
  for (const secret of [text, Buffer.from(text).toString('base64url').slice(4, -4), 'needle', ...plains])
    expect(bytes.includes(secret)).toBe(false);
  await rm(path, { recursive: true, force: true });
});
