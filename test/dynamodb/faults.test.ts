/** [NET-2] One fault at a time: what the adapter answers, how often it tried, and what stands in the table afterwards. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable, type DynamoTableOptions } from '#table/dynamodb/table';
import { socketsMax } from '#table/dynamodb/transport';
import { TableError } from '#table/errors';
import type { Item, ScannableTable } from '#table/port';
import { mainSchema } from '#table/schema';
import { type DynamoServer, freePort, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { type FaultProxy, scripted, startFaultProxy } from '../support/fault-proxy.ts';

const patientMs = 5_000;
const attemptMs = 150;
const delayMs = 400;
const name = `faults-${process.pid}`;

const failure = async (work: Promise<unknown>): Promise<TableError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TableError) return error;
    throw error;
  }
  throw new Error('the call was expected to fail');
};

describe.skipIf(skipServerTests)('[NET-2] each fault by itself', () => {
  let server: DynamoServer;
  let proxy: FaultProxy;
  let table: ScannableTable;
  let direct: ScannableTable;
  let serial = 0;

  const open = (endpoint: string, more: Partial<DynamoTableOptions> = {}): ScannableTable =>
    createDynamoTable({
      name,
      schema: mainSchema,
      region: testRegion,
      endpoint,
      now: Date.now,
      random: Math.random,
      attemptMs,
      retry: { attemptsMax: 10, baseMs: 5, capMs: 50 },
      ...more,
    });

  const admin = (endpoint: string) =>
    createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });

  beforeAll(async () => {
    server = await startDynamoServer();
    await admin(server.endpoint).createTable(name, mainSchema);
    proxy = await startFaultProxy(server.endpoint, { delayMs });
    table = open(proxy.endpoint);
    direct = open(server.endpoint);
  });

  afterAll(async () => {
    await table.close();
    await direct.close();
    await admin(server.endpoint).deleteTable(name, { liftProtection: true });
    await proxy.close();
    await server.stop();
  });

  beforeEach(() => {
    proxy.decide(() => undefined);
    proxy.setClock(0);
  });

  const fresh = (): Item => {
    serial += 1;
    return { pk: `F#${serial}`, sk: '1', uuid: `u${serial}` };
  };
  const absent = { attribute: 'pk', is: 'absent' } as const;
  const stored = async (item: Item) => (await direct.get({ key: item, consistent: true })).item;

  test.each(['throttle', 'busy', 'crash', 'reset_before'] as const)(
    '%s twice: the third attempt writes it',
    async (fault) => {
      proxy.decide(scripted([fault, fault]));
      const item = fresh();
      await table.put({ item, condition: absent });
      expect(await stored(item)).toEqual(item);
    },
  );

  test.each(['truncate', 'corrupt', 'reset_after', 'crash_after', 'late_answer'] as const)(
    '%s: a read is asked again and answers what is stored',
    async (fault) => {
      const item = fresh();
      await direct.put({ item });
      proxy.decide(scripted([fault]));
      expect((await table.get({ key: item, consistent: true })).item).toEqual(item);
      expect(proxy.met(fault)).toBeGreaterThan(0);
    },
  );

  test.each(['truncate', 'corrupt', 'reset_after', 'crash_after', 'late_answer'] as const)(
    '%s: a conditional put whose answer was lost meets itself, and says so: the item is its own, the outcome unknown',
    async (fault) => {
      proxy.decide(scripted([fault]));
      const item = fresh();
      const error = await failure(table.put({ item, condition: absent }));
      expect(error).toMatchObject({ code: 'condition_failed', outcome: 'unknown', item });
    },
  );

  test('a condition that fails at the first attempt has the outcome none', async () => {
    const item = fresh();
    await table.put({ item });
    const error = await failure(table.put({ item: { ...item, uuid: 'another' }, condition: absent }));
    expect(error).toMatchObject({ code: 'condition_failed', outcome: 'none', item });
  });

  test('a put without a condition whose answer was lost is simply repeated', async () => {
    proxy.decide(scripted(['reset_after', 'late_answer']));
    const item = fresh();
    await table.put({ item });
    expect(await stored(item)).toEqual(item);
  });

  test('a number is not added a second time when the answer to the first was lost', async () => {
    const item = fresh();
    const add = () => table.update({ key: item, changes: { add: { n: 1 } } });
    await add();
    proxy.decide(scripted(['reset_after']));
    expect(await failure(add())).toMatchObject({ code: 'unavailable', outcome: 'unknown' });
    expect(await stored(item)).toMatchObject({ n: 2 });
  });

  test('a number is added after a refusal, which has no effect', async () => {
    const item = fresh();
    proxy.decide(scripted(['throttle', 'expired_token']));
    await table.update({ key: item, changes: { add: { n: 1 } } });
    expect(await stored(item)).toMatchObject({ n: 1 });
  });

  test('throttled to the end: code throttled, outcome none, within the deadline, nothing written', async () => {
    proxy.decide(() => 'throttle');
    const item = fresh();
    const deadline = Date.now() + 300;
    expect(await failure(table.put({ item }, { deadline }))).toMatchObject({ code: 'throttled', outcome: 'none' });
    expect(await stored(item)).toBeUndefined();
  });

  test('throttled after an answer was lost: unavailable, outcome unknown', async () => {
    const first = scripted(['reset_after']);
    proxy.decide((operation) => first(operation) ?? 'throttle');
    const item = fresh();
    const error = await failure(table.put({ item }, { deadline: Date.now() + 300 }));
    expect(error).toMatchObject({ code: 'unavailable', outcome: 'unknown' });
    expect(await stored(item)).toEqual(item);
  });

  test('faulty to the end: a write is unavailable with the outcome unknown, a read with none', async () => {
    proxy.decide(() => 'crash_after');
    const item = fresh();
    const deadline = Date.now() + 300;
    expect(await failure(table.put({ item }, { deadline }))).toMatchObject({ code: 'unavailable', outcome: 'unknown' });
    expect(await failure(table.get({ key: item }, { deadline: Date.now() + 300 }))).toMatchObject({
      code: 'unavailable',
      outcome: 'none',
    });
  });

  test('no server: nothing was sent, so the outcome is none; the attempts end with the policy', async () => {
    const nowhere = open(`http://127.0.0.1:${await freePort()}`);
    expect(await failure(nowhere.put({ item: fresh() }))).toMatchObject({ code: 'unavailable', outcome: 'none' });
    await nowhere.close();
  });

  test('an attempt that gets no answer ends by itself, and the deadline ends the call', async () => {
    proxy.decide(() => 'late_request');
    const before = proxy.requests();
    const error = await failure(table.put({ item: fresh() }, { deadline: Date.now() + 2 * attemptMs + 50 }));
    expect(error).toMatchObject({ code: 'unavailable', outcome: 'unknown' });
    expect(proxy.requests() - before).toBeGreaterThan(1);
    expect(proxy.requests() - before).toBeLessThan(5);
  });

  test('a deadline that is past sends nothing', async () => {
    const before = proxy.requests();
    const error = await failure(table.put({ item: fresh() }, { deadline: Date.now() - 1 }));
    expect(error).toMatchObject({ code: 'unavailable', outcome: 'none' });
    expect(proxy.requests()).toBe(before);
  });

  test('a clock an hour off is corrected by the first refusal, and stays corrected', async () => {
    const skewed = open(proxy.endpoint);
    proxy.setClock(3_600_000);
    const before = proxy.skewed();
    for (let sent = 0; sent < 3; sent += 1) await skewed.put({ item: fresh() });
    expect(proxy.skewed() - before).toBe(1);
    await skewed.close();
  });

  test('credentials that were refused as expired are fetched anew, once', async () => {
    const asked: (boolean | undefined)[] = [];
    const renewing = open(proxy.endpoint, {
      credentials: (options) => {
        asked.push(options?.forceRefresh);
        return Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' });
      },
    });
    proxy.decide(scripted(['expired_token', 'throttle']));
    await renewing.put({ item: fresh() });
    expect(asked).toEqual([false, true, false]);
    proxy.decide(() => 'expired_token');
    expect(await failure(renewing.put({ item: fresh() }))).toMatchObject({ code: 'unavailable', outcome: 'none' });
    await renewing.close();
  });

  test('[NET-2] credentials that do not come make a call wait until its deadline, and no longer', async () => {
    const waiting = open(proxy.endpoint, { credentials: () => new Promise(() => undefined) });
    const begun = Date.now();
    const error = await failure(waiting.get({ key: { pk: 'P', sk: 'S' } }, { deadline: begun + delayMs }));
    expect([error.code, error.outcome]).toEqual(['unavailable', 'none']);
    expect(Date.now() - begun).toBeLessThan(patientMs);
    await waiting.close();
  });

  test('credentials that cannot be had make the table unavailable', async () => {
    const without = open(proxy.endpoint, { credentials: () => Promise.reject(new Error('no role')) });
    expect(await failure(without.put({ item: fresh() }))).toMatchObject({ code: 'unavailable', outcome: 'none' });
    await without.close();
  });

  test('what the server refuses is not tried again', async () => {
    const item = fresh();
    await table.put({ item });
    // With time enough for an answer on a busy machine: what is refused here is no attempt that came too late.
    const patient = open(proxy.endpoint, { attemptMs: patientMs });
    const before = proxy.requests();
    const error = await failure(patient.update({ key: item, changes: { add: { uuid: 1 } } }));
    expect(error).toMatchObject({ code: 'invalid', outcome: 'none' });
    expect(proxy.requests() - before).toBe(1);
    await patient.close();
    const other = open(proxy.endpoint, { name: 'no-such-table', attemptMs: patientMs });
    expect(await failure(other.get({ key: fresh() }))).toMatchObject({ code: 'no_such_table' });
    await other.close();
  });

  test('the quota of retries keeps many calls from multiplying the load on a table that refuses them', async () => {
    const calls = 200;
    const refused = open(proxy.endpoint, { attemptMs: 10_000, retry: { attemptsMax: 10, baseMs: 1, capMs: 1 } });
    proxy.decide(() => 'throttle');
    const before = proxy.requests();
    await Promise.all(Array.from({ length: calls }, () => failure(refused.get({ key: fresh() }))));
    // 500 tokens at 5 a retry.
    expect(proxy.requests() - before).toBe(calls + 100);
    await refused.close();
  });

  test('close finishes what was accepted and refuses what comes after', async () => {
    const closing = open(proxy.endpoint);
    proxy.decide(scripted(['throttle', 'throttle']));
    const item = fresh();
    const accepted = closing.put({ item });
    await closing.close();
    await accepted;
    expect(await stored(item)).toEqual(item);
    expect(await failure(closing.put({ item }))).toMatchObject({ code: 'unavailable', outcome: 'none' });
  });

  test('sockets are kept: one at a time needs one, and many at a time no more than their number', async () => {
    const counted = await startFaultProxy(server.endpoint, { delayMs });
    const reusing = open(counted.endpoint, { attemptMs: 5_000 });
    const item = fresh();
    for (let sent = 0; sent < 100; sent += 1) await reusing.get({ key: item });
    // The pool may open a second one while it still clears away the first answer.
    expect(counted.sockets()).toBeLessThanOrEqual(2);
    await Promise.all(Array.from({ length: 400 }, () => reusing.get({ key: item })));
    expect(counted.requests()).toBe(500);
    expect(counted.sockets()).toBeLessThanOrEqual(socketsMax);
    await reusing.close();
    await counted.close();
  });
});
