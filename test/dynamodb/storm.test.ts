/**
 * [NET-2] Every fault at once, drawn from a seed, while clients write under conditions: nothing lost, nothing twice. The
 * same rules that the log goes by: a write of unknown outcome is settled at its place before anything else is tried there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable, type DynamoTableOptions } from '#table/dynamodb/table';
import { isConditionFailed, TableError } from '#table/errors';
import type { Item, ScannableTable } from '#table/port';
import { mainSchema } from '#table/schema';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { type Fault, type FaultProxy, faults, seeded, startFaultProxy, storm } from '../support/fault-proxy.ts';

const seed = Number(process.env.STORM_SEED ?? 20_261_122);
const clients = 8;
const writesEach = 12;
const attemptMs = 120;
const delayMs = 200;
/** One request in four meets a fault. */
const share = 0.25;
const name = `storm-${process.pid}`;
const absent = { attribute: 'pk', is: 'absent' } as const;

/** What a failed call may say, by its code. */
const allowed: { readonly [code: string]: readonly string[] } = {
  throttled: ['none'],
  unavailable: ['none', 'unknown'],
  condition_failed: ['none', 'unknown'],
};

describe.skipIf(skipServerTests)(`[NET-2] a storm of faults, seed ${seed}`, () => {
  let server: DynamoServer;
  let proxy: FaultProxy;
  let direct: ScannableTable;
  const tables: ScannableTable[] = [];
  const random = seeded(seed);

  const open = (endpoint: string, more: Partial<DynamoTableOptions> = {}): ScannableTable => {
    const table = createDynamoTable({
      name,
      schema: mainSchema,
      region: testRegion,
      endpoint,
      now: Date.now,
      random,
      attemptMs,
      retry: { attemptsMax: 4, baseMs: 2, capMs: 20 },
      ...more,
    });
    tables.push(table);
    return table;
  };
  const admin = () =>
    createDynamoAdmin({ region: testRegion, endpoint: server.endpoint, sleep: () => Promise.resolve() });

  beforeAll(async () => {
    server = await startDynamoServer();
    await admin().createTable(name, mainSchema);
    proxy = await startFaultProxy(server.endpoint, { delayMs });
    direct = open(server.endpoint, { attemptMs: 5_000 });
  });

  afterAll(async () => {
    await Promise.all(tables.map((table) => table.close()));
    await proxy.close();
    await admin().deleteTable(name, { liftProtection: true });
    await server.stop();
  });

  const checked = (error: unknown): TableError => {
    if (!(error instanceof TableError)) throw error;
    expect(allowed[error.code], `${error.code}: ${error.message}`).toContain(error.outcome);
    return error;
  };

  /** Every entry of one partition, past the proxy. */
  const entriesOf = async (pk: string): Promise<Item[]> => {
    const items: Item[] = [];
    for (let start: Parameters<ScannableTable['query']>[0]['start']; ; ) {
      const page = await direct.query({ pk, ascending: true, consistent: true, ...(start ? { start } : {}) });
      items.push(...page.items);
      if (page.next === undefined) return items;
      start = page.next;
    }
  };

  const raging = async (list: readonly Fault[], work: () => Promise<void>): Promise<void> => {
    proxy.decide(storm(random, share, list));
    await work();
    proxy.decide(() => undefined);
    // Requests that the proxy still holds back land before anything is counted.
    await sleep(2 * delayMs);
  };

  test('appends to one shared log: every entry once, none missing, none invented', async () => {
    const pk = 'LOG#1';
    const written = new Map<string, string>();

    const append = async (table: ScannableTable, uuid: string, from: number): Promise<number> => {
      for (let seq = from; ; ) {
        const sk = String(seq).padStart(12, '0');
        try {
          await table.put({ item: { pk, sk, uuid }, condition: absent });
          return seq;
        } catch (caught) {
          const error = checked(caught);
          if (isConditionFailed(error)) {
            if (error.item?.uuid === uuid) return seq;
            seq += 1;
          }
          // Otherwise the same put at the same place settles it, whatever became of the one before.
        }
      }
    };

    await raging(faults, async () => {
      const client = async (number: number): Promise<void> => {
        const table = open(proxy.endpoint);
        let seq = 1;
        for (let write = 0; write < writesEach; write += 1) {
          const uuid = `${number}/${write}`;
          seq = await append(table, uuid, seq);
          written.set(String(seq).padStart(12, '0'), uuid);
        }
      };
      await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    });

    const entries = await entriesOf(pk);
    expect(entries.map(({ sk }) => sk)).toEqual(entries.map((_, index) => String(index + 1).padStart(12, '0')));
    expect(new Map(entries.map(({ sk, uuid }) => [sk, uuid]))).toEqual(written);
    expect(entries).toHaveLength(clients * writesEach);
    for (const fault of faults) expect(proxy.met(fault), fault).toBeGreaterThan(0);
  });

  test('a counter that only goes up: acknowledged additions all count, unknown ones at most once', async () => {
    const key = { pk: 'COUNT#1', sk: '1' };
    let acknowledged = 0;
    let unknown = 0;
    await raging(faults, async () => {
      const client = async (): Promise<void> => {
        const table = open(proxy.endpoint);
        for (let write = 0; write < writesEach; write += 1) {
          try {
            await table.update({ key, changes: { add: { n: 1 } } });
            acknowledged += 1;
          } catch (error) {
            if (checked(error).outcome === 'unknown') unknown += 1;
          }
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
    });
    const n = Number((await direct.get({ key, consistent: true })).item?.n);
    expect(unknown).toBeGreaterThan(0);
    expect(n).toBeGreaterThanOrEqual(acknowledged);
    expect(n).toBeLessThanOrEqual(acknowledged + unknown);
  });

  test('optimistic updates of one item: the version counts exactly the updates that won', async () => {
    const key = { pk: 'VERSION#1', sk: '1' };
    await direct.put({ item: { ...key, version: 0, writers: new Set(['nobody']) } });
    const won = new Set<string>();

    const increase = async (table: ScannableTable, mark: string): Promise<void> => {
      for (;;) {
        try {
          const { item } = await table.get({ key, consistent: true });
          if ((item?.writers as ReadonlySet<string> | undefined)?.has(mark) === true) return;
          const version = Number(item?.version);
          const condition = { attribute: 'version', is: '=', value: version } as const;
          await table.update({
            key,
            changes: { set: { version: version + 1 }, add: { writers: new Set([mark]) } },
            condition,
          });
          return;
        } catch (error) {
          checked(error);
        }
      }
    };

    await raging(faults, async () => {
      const client = async (number: number): Promise<void> => {
        const table = open(proxy.endpoint);
        for (let write = 0; write < 4; write += 1) {
          await increase(table, `${number}/${write}`);
          won.add(`${number}/${write}`);
        }
      };
      await Promise.all(Array.from({ length: 4 }, (_, number) => client(number)));
    });
    const { item } = await direct.get({ key, consistent: true });
    expect(item?.writers).toEqual(new Set(['nobody', ...won]));
    expect(item?.version).toBe(won.size);
  });

  test('the feed is read whole and in order through the storm', async () => {
    const pk = 'FEED#1';
    const total = 60;
    for (let n = 1; n <= total; n += 1) await direct.put({ item: { pk, sk: String(n).padStart(3, '0') } });
    const seen: string[] = [];
    await raging(faults, async () => {
      const table = open(proxy.endpoint);
      const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            return await work();
          } catch (error) {
            checked(error);
          }
        }
      };
      for (const { id } of await patiently(() => table.feed.shards())) {
        let position: string | undefined;
        for (let empty = 0; empty < 2; ) {
          const start = position === undefined ? 'oldest' : { after: position };
          const page = await patiently(() => table.feed.read(id, start, 25));
          seen.push(...page.records.filter(({ key }) => key.pk === pk).map(({ key }) => key.sk));
          empty = page.records.length === 0 ? empty + 1 : 0;
          if (page.position === undefined) break;
          position = page.position;
        }
      }
    });
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => String(index + 1).padStart(3, '0')));
  });
});
