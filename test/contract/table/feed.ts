/** The contract: the change feed's order, its images, and reading on from where one was. */
import { describe, expect } from 'vitest';
import type { ChangeRecord } from '#table/port';
import { type Contract, feedEnds, freshPartition, plain, readRecords, refusalCode } from './harness.ts';

const summary = ({ kind, key, before, after }: ChangeRecord): unknown => ({
  kind,
  sk: key.sk,
  before: before === undefined ? undefined : plain(before.n),
  after: after === undefined ? undefined : plain(after.n),
});

export const describeFeed = ({ table, check }: Contract): void => {
  describe('the change feed', () => {
    check('[TABLE-5] every change is there, in order, with the item before and after it', async () => {
      const ends = await feedEnds(table());
      const key = { pk: freshPartition(), sk: 'item' };
      const item = { ...key, n: 1, set: new Set(['a']), bytes: new Uint8Array([1]), map: { list: [null] } };
      await table().put({ item });
      await table().put({ item: { ...item, n: 2 } });
      await table().update({ key, changes: { add: { n: 1 } } });
      await table().delete({ key });
      await table().put({ item: { ...key, n: 4 } });
      const records = await readRecords(table(), ends, key.pk, 5);
      expect(records.map(summary)).toEqual([
        { kind: 'insert', sk: 'item', before: undefined, after: 1 },
        { kind: 'modify', sk: 'item', before: 1, after: 2 },
        { kind: 'modify', sk: 'item', before: 2, after: 3 },
        { kind: 'remove', sk: 'item', before: 3, after: undefined },
        { kind: 'insert', sk: 'item', before: undefined, after: 4 },
      ]);
      expect(plain(records[0]?.after)).toEqual(plain(item));
      expect(plain(records[1]?.before)).toEqual(plain(item));
      expect(plain(records[3]?.before)).toEqual(plain({ ...item, n: 3 }));
      expect(records.every((record) => record.key.pk === key.pk && Number.isFinite(record.at))).toBe(true);
    });

    check('[TABLE-5] an image that can be read again is the one after that very change', async () => {
      const ends = await feedEnds(table());
      const key = { pk: freshPartition(), sk: 'item' };
      const heard: ChangeRecord[] = [];
      const leave = table().feed.onChange((fresh) => heard.push(...(fresh?.records ?? [])));
      await table().put({ item: { ...key, n: 1, set: new Set(['a']) } });
      await table().put({ item: { ...key, n: 2 } });
      await table().delete({ key });
      leave();
      const read = await readRecords(table(), ends, key.pk, 3);
      expect(read.map(summary)).toMatchObject([{ after: 1 }, { after: 2 }, { kind: 'remove' }]);
      for (const record of [...read, ...heard]) {
        const kept = record.after === undefined ? undefined : record.keep?.();
        if (kept !== undefined) expect(plain(kept.read())).toEqual(plain(record.after));
      }
    });

    check('[TABLE-5] a write that is refused, or finds nothing to delete, leaves no record', async () => {
      const ends = await feedEnds(table());
      const key = { pk: freshPartition(), sk: 'item' };
      await table().put({ item: { ...key, n: 1 } });
      await refusalCode(table().put({ item: { ...key, n: 2 }, condition: { attribute: 'pk', is: 'absent' } }));
      await table().delete({ key: { pk: key.pk, sk: 'none' } });
      await table().put({ item: { ...key, n: 3 } });
      const records = await readRecords(table(), ends, key.pk, 2);
      expect(records.map((record) => record.after?.n)).toEqual([1, 3]);
    });

    // "If you perform a PutItem or UpdateItem operation that does not change any data in an item, DynamoDB Streams does
    // not write a stream record for that operation" (Developer Guide, Change data capture for DynamoDB Streams).
    check('[TABLE-5] a write that changes nothing leaves no record', async () => {
      const ends = await feedEnds(table());
      const key = { pk: freshPartition(), sk: 'item' };
      await table().put({ item: { ...key, n: 1, m: { a: 1, b: 2 } } });
      await table().put({ item: { ...key, n: 1, m: { b: 2, a: 1 } } });
      await table().update({ key, changes: { set: { n: 1 }, remove: { none: true } } });
      await table().put({ item: { ...key, n: 3 } });
      const records = await readRecords(table(), ends, key.pk, 2);
      expect(records.map((record) => record.after?.n)).toEqual([1, 3]);
    });

    check('[TABLE-5] the batch’s writes are in the feed, each of them', async () => {
      const ends = await feedEnds(table());
      const pk = freshPartition();
      const sks = Array.from({ length: 25 }, (_, i) => `s${i}`);
      await table().batchWrite(sks.map((sk) => ({ put: { pk, sk } })));
      const records = await readRecords(table(), ends, pk, 25);
      expect(records.map((record) => record.key.sk).sort()).toEqual([...sks].sort());
    });

    check('[TABLE-5] reading goes on behind a position, in pages, without gap or repetition', async () => {
      const ends = await feedEnds(table());
      const key = { pk: freshPartition(), sk: 'item' };
      for (let n = 1; n <= 10; n += 1) await table().put({ item: { ...key, n } });
      const records = await readRecords(table(), new Map(ends), key.pk, 10, 3);
      expect(records.map((record) => record.after?.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const again = await readRecords(table(), ends, key.pk, 10, 1_000);
      expect(again.map((record) => record.position)).toEqual(records.map((record) => record.position));
      const middle = records[4]?.position;
      if (middle === undefined) throw new Error('ten records');
      for (const { id } of await table().feed.shards()) {
        const page = await table()
          .feed.read(id, { after: middle }, 1_000)
          .catch(() => undefined);
        const rest = page?.records.filter((record) => record.key.pk === key.pk) ?? [];
        if (rest.length > 0) expect(rest.map((record) => record.after?.n)).toEqual([6, 7, 8, 9, 10]);
      }
    });

    check('[TABLE-5] 64 writers at once: each item’s changes are in the order they were made', async () => {
      const ends = await feedEnds(table());
      const pk = freshPartition();
      const increments = Array.from({ length: 64 }, (_, i) =>
        table().update({ key: { pk, sk: `c${i % 4}` }, changes: { add: { n: 1 } } }),
      );
      await Promise.all(increments);
      const records = await readRecords(table(), ends, pk, 64);
      for (const sk of ['c0', 'c1', 'c2', 'c3']) {
        const counts = records.filter((record) => record.key.sk === sk).map((record) => record.after?.n);
        expect(counts).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
      }
    });

    check('[TABLE-5] the feed can be read from its oldest record', async () => {
      const key = { pk: freshPartition(), sk: 'item' };
      await table().put({ item: { ...key, n: 1 } });
      const records = await readRecords(table(), new Map(), key.pk, 1, 1_000);
      expect(records.map(summary)).toEqual([{ kind: 'insert', sk: 'item', before: undefined, after: 1 }]);
    });

    check('[TABLE-5] a listener is called after a change, until it stops listening', async () => {
      let calls = 0;
      const stop = table().feed.onChange(() => {
        calls += 1;
      });
      await table().put({ item: { pk: freshPartition(), sk: 'item' } });
      stop();
      const heard = calls;
      expect(heard).toBeGreaterThan(0);
      await table().put({ item: { pk: freshPartition(), sk: 'item' } });
      expect(calls).toBe(heard);
    });
  });
};
