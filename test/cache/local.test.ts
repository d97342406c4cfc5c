/** The cache of a node: what it serves, for how long, and what it must not keep. */
import { beforeEach, describe, expect, test } from 'vitest';
import { createLocalCache } from '#cache/local';
import type { CachePolicy } from '#cache/port';
import type { SharedLevel } from '#cache/shared';
import { createMemoryShared } from './memory-level.ts';

const policy: CachePolicy = { ttlMs: 1_000, staleOnErrorMs: 5_000, negativeTtlMs: 10_000 };
let ms = 0;
const now = () => ms;
beforeEach(() => {
  ms = 1_000_000;
});

/** A load that the test lets end. */
const slowLoad = <T>() => {
  let resolve: (value: T | undefined) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T | undefined>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  let calls = 0;
  const load = () => {
    calls += 1;
    return promise;
  };
  return { load, resolve, reject, calls: () => calls };
};

const counting = () => {
  const freshness: boolean[] = [];
  const load = async (fresh: boolean) => {
    freshness.push(fresh);
    return freshness.length;
  };
  return { load, freshness };
};

describe('one level', () => {
  test('reads of a key at once are one load', async () => {
    const cache = createLocalCache(now, Math.random);
    const slow = slowLoad<number>();
    const reads = Array.from({ length: 50 }, () => cache.read('k', policy, slow.load));
    slow.resolve(7);
    const values = await Promise.all(reads);
    expect(slow.calls()).toBe(1);
    expect(values.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, () => 7));
    expect(values.filter(({ cached }) => !cached)).toHaveLength(1);
  });

  test.each([
    [0, 800],
    [0.5, 900],
    [0.9, 980],
  ])('expiry is jittered and never later than the policy says (chance %d: after %d ms)', async (chance, expiry) => {
    const cache = createLocalCache(now, () => chance);
    const { load, freshness } = counting();
    await cache.read('k', policy, load);
    ms += expiry - 1;
    expect((await cache.read('k', policy, load)).cached).toBe(true);
    ms += 1;
    expect((await cache.read('k', policy, load)).cached).toBe(false);
    expect(freshness).toHaveLength(2);
    expect(expiry).toBeLessThanOrEqual(policy.ttlMs);
  });

  test('a slow load counts from its beginning: its value is no younger than that', async () => {
    const cache = createLocalCache(now, () => 1);
    const slow = slowLoad<number>();
    const read = cache.read('k', policy, slow.load);
    ms += 900;
    slow.resolve(1);
    await read;
    ms += 100;
    expect((await cache.read('k', policy, async () => 2)).value).toBe(2);
  });

  test('that there is nothing is remembered for a second at most, whatever the policy says', async () => {
    const cache = createLocalCache(now, () => 1);
    expect((await cache.read('k', policy, async () => undefined)).value).toBeUndefined();
    ms += 999;
    expect(await cache.read('k', policy, async () => 1)).toEqual({ value: undefined, cached: true });
    ms += 1;
    expect((await cache.read('k', policy, async () => 1)).value).toBe(1);
  });

  test('a failed load is answered with what expired, for as long as the policy says and no longer', async () => {
    const cache = createLocalCache(now, () => 1);
    const fail = () => Promise.reject(new Error('away'));
    await cache.read('k', policy, async () => 1);
    ms += 5_999;
    expect(await cache.read('k', policy, fail)).toEqual({ value: 1, cached: true });
    ms += 1;
    await expect(cache.read('k', policy, fail)).rejects.toThrow('away');
  });

  test('what was invalidated is not served, not even when loading fails', async () => {
    const cache = createLocalCache(now, () => 1);
    await cache.read('k', policy, async () => 1);
    cache.invalidate(['k']);
    await expect(cache.read('k', policy, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  });

  test('a load begun before an invalidation is not kept after it', async () => {
    const cache = createLocalCache(now, () => 1);
    const slow = slowLoad<string>();
    const read = cache.read('k', policy, slow.load);
    cache.invalidate(['k']);
    slow.resolve('old');
    await read;
    expect((await cache.read('k', policy, async () => 'new')).value).toBe('new');
  });

  test('loads are fresh for five minutes after an invalidation, and as they were after that', async () => {
    const cache = createLocalCache(now, () => 1);
    const { load, freshness } = counting();
    await cache.read('k', policy, load);
    cache.invalidate(['k']);
    await cache.read('k', policy, load);
    ms += 1_000;
    await cache.read('k', policy, load);
    ms += 300_000;
    await cache.read('k', policy, load);
    expect(freshness).toEqual([false, true, true, false]);
  });

  test('whoever waited for the load of another that failed makes one of their own', async () => {
    const cache = createLocalCache(now, Math.random);
    const slow = slowLoad<number>();
    const first = cache.read('k', policy, slow.load);
    const second = cache.read('k', policy, async () => 2);
    slow.reject(new Error('their deadline'));
    await expect(first).rejects.toThrow('their deadline');
    expect(await second).toEqual({ value: 2, cached: false });
  });

  test('several keys are one load of what is missing', async () => {
    const cache = createLocalCache(now, () => 1);
    await cache.read('b', policy, async () => 'cached b');
    const asked: (readonly string[])[] = [];
    const found = await cache.readMany(['a', 'b', 'c'], policy, async (missing) => {
      asked.push(missing);
      return new Map([['a', 'loaded a']]);
    });
    expect(asked).toEqual([['a', 'c']]);
    expect([...found].map(([key, { value, cached }]) => [key, value, cached])).toEqual(
      expect.arrayContaining([
        ['a', 'loaded a', false],
        ['b', 'cached b', true],
        ['c', undefined, false],
      ]),
    );
  });

  test('what is served is frozen to its depth', async () => {
    const cache = createLocalCache(now, Math.random);
    const { value } = await cache.read('k', policy, async () => ({ list: [{ text: 'as stored' }] }));
    expect(() => {
      (value?.list[0] as { text: string }).text = 'changed';
    }).toThrow(TypeError);
  });

  test('memory is bounded by bytes: the least recently used goes first', async () => {
    const cache = createLocalCache(now, () => 1, { bytesMax: 10_000 });
    const text = 'x'.repeat(2_000);
    for (const key of ['a', 'b', 'c', 'd']) await cache.read(key, policy, async () => text);
    await cache.read('a', policy, async () => 'never asked');
    await cache.read('e', policy, async () => text);
    const cachedNow = async (key: string) => (await cache.read(key, policy, async () => text)).cached;
    expect(await cachedNow('a')).toBe(true);
    expect(await cachedNow('b')).toBe(false);
  });
});

describe('two levels', () => {
  test('what one node loaded another finds, and keeps no longer than the first would', async () => {
    const shared = createMemoryShared(now);
    const a = createLocalCache(now, () => 1, { shared: shared.at('a') });
    const b = createLocalCache(now, () => 1, { shared: shared.at('b') });
    await a.read('k', policy, async () => 1);
    ms += 600;
    expect(await b.read('k', policy, async () => 2)).toEqual({ value: 1, cached: true });
    ms += 400;
    expect(await b.read('k', policy, async () => 2)).toEqual({ value: 2, cached: false });
  });

  test('the race of a slow load and an invalidation on another node: what was loaded before is kept in neither level', async () => {
    const shared = createMemoryShared(now, { away: () => false, deliver: () => undefined });
    const [reader, writer, third] = ['reader', 'writer', 'third'].map((node) =>
      createLocalCache(now, () => 1, { shared: shared.at(node) }),
    );
    const slow = slowLoad<string>();
    const read = reader?.read('k', policy, slow.load);
    await Promise.resolve();
    // The reader has read the old value, and has not kept it yet; word of the invalidation does not reach it.
    writer?.invalidate(['k']);
    slow.resolve('old');
    await read;
    const { load, freshness } = counting();
    expect((await third?.read('k', policy, load))?.cached).toBe(false);
    expect(freshness).toEqual([true]);
    // The reader itself, whom nobody told, is right again by the expiry at the latest.
    ms += 1_000;
    expect((await reader?.read('k', policy, async () => 'new'))?.value).toBe('new');
  });

  test('word of an invalidation drops what another node holds', async () => {
    const shared = createMemoryShared(now);
    const [a, b] = ['a', 'b'].map((node) => createLocalCache(now, () => 1, { shared: shared.at(node) }));
    await b?.read('k', policy, async () => 'old');
    a?.invalidate(['k']);
    expect((await b?.read('k', policy, async () => 'new'))?.value).toBe('new');
  });

  test('when word may have been missed nothing is trusted, and what was heard before is still known', async () => {
    let hear = (_keys: readonly string[] | 'all'): void => undefined;
    const shared: SharedLevel = {
      ...createMemoryShared(now, { away: () => true, deliver: () => undefined }).at('a'),
      onInvalidated: (listener) => {
        hear = listener;
        return () => undefined;
      },
    };
    const cache = createLocalCache(now, () => 1, { shared });
    const [changed, other] = [counting(), counting()];
    hear(['changed']);
    await cache.read('changed', policy, changed.load);
    await cache.read('other', policy, other.load);
    hear('all');
    expect((await cache.read('changed', policy, changed.load)).value).toBe(2);
    expect((await cache.read('other', policy, other.load)).value).toBe(2);
    // The mark in the shared level may have gone with it: only this node knows that others may still lag behind the change.
    expect([changed.freshness, other.freshness]).toEqual([
      [true, true],
      [false, false],
    ]);
  });

  test('a level that is away is passed over', async () => {
    const shared = createMemoryShared(now, { away: () => true, deliver: () => undefined });
    const cache = createLocalCache(now, () => 1, { shared: shared.at('a') });
    expect(await cache.read('k', policy, async () => 1)).toEqual({ value: 1, cached: false });
    expect(await cache.read('k', policy, async () => 2)).toEqual({ value: 1, cached: true });
  });
});
