/** One contract for the shared level in Valkey and for the stand-in in memory that other tests and the simulation use. */
import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openValkey, type ValkeyLink } from '#bus/valkey-link';
import { createLocalCache } from '#cache/local';
import type { CachePolicy } from '#cache/port';
import type { SharedLevel, SharedRead } from '#cache/shared';
import { answerMsMax, createValkeyLevel } from '#cache/valkey';
import { skipValkeyTests, startValkeyServer, type ValkeyServer } from '../support/valkey.ts';
import { createMemoryShared } from './memory-level.ts';

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  expect.fail('it did not come to be');
};
const once = async (level: SharedLevel, key: string): Promise<SharedRead> => {
  const [read] = await level.read([key]);
  if (read === undefined) throw new Error('one key, one answer');
  return read;
};
/** On a busy machine a level may pass for away for a moment; that is not what these tests are about. */
const one = async (level: SharedLevel, key: string): Promise<SharedRead> => {
  for (let tries = 0; tries < 500; tries += 1) {
    const read = await once(level, key);
    if (read.state !== 'away') return read;
    await sleep(10);
  }
  return once(level, key);
};
const stampOf = (read: SharedRead): string => {
  if (read.state !== 'miss') throw new Error(`a ${read.state} has no stamp`);
  return read.stamp;
};
/** Writes are not waited for; what came before on the connection is done once an answer comes back on it. */
const settledRead = one;

const describeLevel = (
  name: string,
  open: () => Promise<{ a: SharedLevel; b: SharedLevel; close(): Promise<void> }>,
) => {
  describe(name, () => {
    let ends: Awaited<ReturnType<typeof open>>;
    beforeAll(async () => {
      ends = await open();
    });
    afterAll(() => ends.close());

    test('what one node writes another reads, with the time that is left to it', async () => {
      const { a, b } = ends;
      const value = [{ seq: 1, reactions: new Set(['👍 u']), list: [1, 'x', null] }];
      a.write('written', stampOf(await one(a, 'written')), value, 60_000);
      await settledRead(a, 'written');
      const read = await one(b, 'written');
      expect(read).toMatchObject({ state: 'hit', value });
      expect(read.state === 'hit' && read.leftMs > 0 && read.leftMs <= 60_000).toBe(true);
    });

    test('a value is not written over an invalidation that came after the miss', async () => {
      const { a, b } = ends;
      const before = await one(a, 'raced');
      b.invalidate(['raced']);
      await settledRead(b, 'raced');
      a.write('raced', stampOf(before), 'old', 60_000);
      expect(await settledRead(a, 'raced')).toMatchObject({ state: 'miss', changed: true });
    });

    test('a value is not written over a second invalidation either', async () => {
      const { a, b } = ends;
      b.invalidate(['twice']);
      await settledRead(b, 'twice');
      const between = await one(a, 'twice');
      b.invalidate(['twice']);
      await settledRead(b, 'twice');
      a.write('twice', stampOf(between), 'old', 60_000);
      expect(await settledRead(a, 'twice')).toMatchObject({ state: 'miss', changed: true });
    });

    test('what was loaded after an invalidation takes the place of its mark', async () => {
      const { a } = ends;
      a.invalidate(['again']);
      a.write('again', stampOf(await settledRead(a, 'again')), 'new', 60_000);
      expect(await settledRead(a, 'again')).toMatchObject({ state: 'hit', value: 'new' });
    });

    test('of two that missed at once the first one writes', async () => {
      const { a, b } = ends;
      const [first, second] = [await one(a, 'both'), await one(b, 'both')];
      a.write('both', stampOf(first), 'first', 60_000);
      await settledRead(a, 'both');
      b.write('both', stampOf(second), 'second', 60_000);
      expect(await settledRead(b, 'both')).toMatchObject({ state: 'hit', value: 'first' });
    });

    test('the other nodes hear of an invalidation, the one that made it does not', async () => {
      const { a, b } = ends;
      const heard = { a: [] as string[], b: [] as string[] };
      const leave = [
        a.onInvalidated((keys) => heard.a.push(...keys)),
        b.onInvalidated((keys) => heard.b.push(...keys)),
      ];
      a.invalidate(['k1', 'k2']);
      await until(() => heard.b.length === 2);
      expect(heard).toEqual({ a: [], b: ['k1', 'k2'] });
      for (const one of leave) one();
    });
  });
};

describeLevel('the shared level in memory', async () => {
  const shared = createMemoryShared(() => Date.now());
  return { a: shared.at('a'), b: shared.at('b'), close: async () => undefined };
});

describe.skipIf(skipValkeyTests)('with a server', () => {
  let server: ValkeyServer;
  beforeAll(async () => {
    server = await startValkeyServer();
  });
  afterAll(() => server.stop());

  const openEnd = async (node: string, { url } = server) => {
    const link = openValkey({ url });
    const level = createValkeyLevel(link, node);
    let listening = false;
    level.onInvalidated((keys) => {
      listening ||= keys === 'all';
    });
    await until(() => listening && link.ready());
    return { link, level };
  };

  describeLevel('the shared level in Valkey', async () => {
    const [a, b] = await Promise.all([openEnd('a'), openEnd('b')]);
    const close = async () => {
      for (const { level, link } of [a, b]) {
        level.close();
        await link.close();
      }
    };
    return { a: a.level, b: b.level, close };
  });

  const policy: CachePolicy = { ttlMs: 60_000, staleOnErrorMs: 0, negativeTtlMs: 0 };
  const openCache = async (node: string, at = server) => {
    const { link, level } = await openEnd(node, at);
    const cache = createLocalCache(() => Date.now(), Math.random, { shared: level });
    const close = async () => {
      level.close();
      await link.close();
    };
    return { cache, link, level, close };
  };

  test('an invalidation on one node reaches what another holds in its own memory, with the very message', async () => {
    const [a, b] = await Promise.all([openCache('a'), openCache('b')]);
    let fenced = false;
    let listening = false;
    b.link.subscribe(
      'fence',
      () => {
        fenced = true;
      },
      () => {
        listening = true;
      },
    );
    await until(() => listening);
    await b.cache.read('heard', policy, async () => 'old');
    a.cache.invalidate(['heard']);
    // Sent after it on the same connection, heard after it on the same connection: once this is here, that has been.
    a.link.publish('fence', 'x');
    await until(() => fenced);
    expect((await b.cache.read('heard', policy, async () => 'new')).value).toBe('new');
    await a.close();
    await b.close();
  });

  test('after a break in the connection nothing from before it is trusted', async () => {
    const [a, b] = await Promise.all([openCache('a'), openCache('b')]);
    await b.cache.read('missed', policy, async () => 'old');
    await server.kill();
    // Nobody hears of this one, and there is no server to mark it on.
    a.cache.invalidate(['missed']);
    expect((await b.cache.read('missed', policy, async () => 'new')).value).toBe('old');
    await server.start();
    await until(async () => (await b.cache.read('missed', policy, async () => 'new')).value === 'new');
    await a.close();
    await b.close();
  });

  test('an invalidation that could not be sent is made good when the server is back with what it held', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-valkey-'));
    const kept = await startValkeyServer(['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always']);
    const a = await openCache('a', kept);
    await a.cache.read('unsent', policy, async () => 'old');
    const raw = new Redis(kept.url);
    raw.on('error', () => undefined);
    const standing = () => raw.get('parley:cache:unsent').catch(() => null);
    await until(async () => (await standing())?.startsWith('v') === true);
    await kept.kill();
    await until(() => !a.link.ready());
    a.cache.invalidate(['unsent']);
    await kept.start();
    await until(async () => (await standing())?.startsWith('m') === true);
    raw.disconnect();
    await a.close();
    await kept.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a server that stops answering costs no error, and is asked for nothing more until it answers again', async () => {
    const a = await openCache('a');
    server.pause();
    try {
      for (let index = 0; index < 100; index += 1) {
        expect((await a.cache.read(`paused ${index}`, policy, async () => index)).value).toBe(index);
      }
      expect(await a.level.read(['x'])).toEqual([{ state: 'away' }]);
    } finally {
      server.resume();
    }
    expect((await one(a.level, 'x')).state).toBe('miss');
    await a.close();
  });
});

/** A link that a test holds in its hand: what it is asked is noted, nothing is answered. */
const scriptedLink = (ready: () => boolean) => {
  const asked: string[] = [];
  const never = new Promise<never>(() => undefined);
  const note = (name: string) => () => {
    asked.push(name);
    return never;
  };
  const pipeline = () => {
    asked.push('read');
    const chain = { get: () => chain, pttl: () => chain, exec: () => never };
    return chain;
  };
  const commands = Object.assign(new EventEmitter(), { pipeline, ping: note('ping'), set: note('set') });
  let restarted = (): void => undefined;
  const link = {
    commands,
    ready,
    publish: () => {
      asked.push('publish');
      return true;
    },
    subscribe: (_channel: string, _message: unknown, again: () => void) => {
      restarted = again;
      return () => undefined;
    },
    close: async () => undefined,
  } as unknown as ValkeyLink;
  return { link, asked, commands, restarted: () => restarted() };
};

test.each(['listener', 'commands'] as const)(
  'whichever connection is back first (the %s), an invalidation that could not be sent is sent once both are',
  (first) => {
    let ready = false;
    const { link, asked, commands, restarted } = scriptedLink(() => ready);
    const level = createValkeyLevel(link, 'a', () => () => undefined);
    level.invalidate(['k']);
    expect(asked).toEqual([]);
    if (first === 'listener') restarted();
    expect(asked).toEqual([]);
    ready = true;
    commands.emit('ready');
    expect(asked).toEqual(['set', 'publish']);
    level.close();
  },
);

test('of two invalidations of a key, the second is sent again when only the first was answered', async () => {
  const { link, asked, commands } = scriptedLink(() => true);
  const sets: { done: () => void; failed: (error: Error) => void }[] = [];
  Object.assign(commands, {
    set: () => new Promise<void>((done, failed) => void sets.push({ done, failed })),
  });
  const level = createValkeyLevel(link, 'a', () => () => undefined);
  level.invalidate(['k']);
  level.invalidate(['k']);
  // The connection ends between the two answers: what was written between the two marks stands in the place of the first.
  sets[0]?.done();
  sets[1]?.failed(new Error('the connection is closed'));
  await sleep(0);
  commands.emit('ready');
  expect(sets).toHaveLength(3);
  sets[2]?.done();
  await sleep(0);
  commands.emit('ready');
  expect(sets).toHaveLength(3);
  expect(asked).toEqual(['publish', 'publish', 'publish']);
  level.close();
});

test('a request waits for a dead server once, and for less than 20 ms', async () => {
  const { link, asked } = scriptedLink(() => true);
  const waits: { ms: number; run: () => void }[] = [];
  const level = createValkeyLevel(link, 'a', (ms, run) => {
    waits.push({ ms, run });
    return () => undefined;
  });
  const first = level.read(['k']);
  expect(waits.map(({ ms }) => ms)).toEqual([answerMsMax]);
  expect(answerMsMax).toBeLessThan(20);
  waits[0]?.run();
  expect(await first).toEqual([{ state: 'away' }]);
  expect(await level.read(['k', 'l'])).toEqual([{ state: 'away' }, { state: 'away' }]);
  expect(asked).toEqual(['read']);
  level.close();
});
