/** What operators' scripts change, the servers beside them hear of: with the rights of the deployment, on a real server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BusEvent } from '#bus/port';
import { createValkeyBus } from '#bus/valkey';
import { openValkey, type ValkeyLink } from '#bus/valkey-link';
import { createLocalCache } from '#cache/local';
import type { Cache, CachePolicy } from '#cache/port';
import { createValkeyLevel } from '#cache/valkey';
import { announceOver } from '#cli/announcer';
import { announcerRights, nodeRights } from '#server/valkey-rights';
import { type Ran, run } from '../support/bin-scripts.ts';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { skipValkeyTests, startValkeyServer, type ValkeyServer } from '../support/valkey.ts';

const password = 'inner';
const policy: CachePolicy = { ttlMs: 60_000, staleOnErrorMs: 0, negativeTtlMs: 0 };
const event: BusEvent = { type: 'user.changed', to: ['u'], body: {} };

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  expect.fail('it did not come to be');
};

describe.skipIf(skipValkeyTests)('[SEC-8] what a script tells the servers', () => {
  let valkey: ValkeyServer;
  let link: ValkeyLink;
  let cache: Cache;
  let heard: BusEvent[];
  const asUser = (name: string): string => valkey.url.replace('//', `//${name}:${password}@`);
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const user = (name: string, rights: string) => ['--user', name, `>${password}`, ...rights.split(' ')];
    valkey = await startValkeyServer([
      ...user('parley-service', nodeRights),
      ...user('parley-lifecycle', announcerRights),
      ...['--user', 'watcher', 'on', `>${password}`, '~*', '&*', '+@all'],
      ...['--user', 'default', 'off'],
    ]);
    // A server, as far as this goes: both levels of its cache, and its ear at the bus.
    link = openValkey({ url: asUser('parley-service') });
    const [bus, level] = [createValkeyBus(link, 'a'), createValkeyLevel(link, 'a')];
    cache = createLocalCache(Date.now, Math.random, { shared: level });
    heard = [];
    bus.subscribe((received) => heard.push(received));
    ends.push(
      () => valkey.stop(),
      () => link.close(),
      () => bus.close(),
      async () => level.close(),
    );
    await until(link.ready);
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** The server is back, and listens again: what is said before that it does not hear. */
  const listens = async (): Promise<void> => {
    const watcher = new Redis(asUser('watcher'), { retryStrategy: () => 20 });
    await until(async () => ((await watcher.call('pubsub', 'numsub', 'parley:events')) as unknown[])[1] === 1);
    watcher.disconnect();
  };

  test('a value that a server keeps is loaded anew, round what may lag, and its streams have the event', async () => {
    await listens();
    await cache.read('page', policy, async () => 'before');
    const announcer = announceOver(openValkey({ url: asUser('parley-lifecycle') }));
    announcer.cache.invalidate(['page']);
    announcer.bus.publish(event);
    expect(await announcer.close()).toBe(true);
    await until(() => heard.length > 0);
    expect(heard.splice(0)).toEqual([event]);
    const loads: boolean[] = [];
    const load = async (fresh: boolean) => {
      loads.push(fresh);
      return 'after';
    };
    expect((await cache.read('page', policy, load)).value).toBe('after');
    expect(loads).toEqual([true]);
  });

  test('what is said while Valkey is away is told when it is back', async () => {
    await valkey.kill();
    const announcer = announceOver(openValkey({ url: asUser('parley-lifecycle') }));
    announcer.cache.invalidate(['later']);
    await valkey.start();
    await until(link.ready);
    expect(await announcer.close()).toBe(true);
    const watcher = new Redis(asUser('watcher'));
    expect(await watcher.get('parley:cache:later')).toMatch(/^m/);
    watcher.disconnect();
  });

  test('with nothing to tell nobody waits, and with nobody there not for ever', async () => {
    const away = () => openValkey({ url: 'redis://127.0.0.1:1' });
    expect(await announceOver(away()).close()).toBe(true);
    const announcer = announceOver(away(), 200);
    announcer.bus.publish(event);
    expect(await announcer.close()).toBe(false);
  });

  describe.skipIf(skipServerTests)('by a script, on a DynamoDB server', () => {
    let dynamo: DynamoServer;
    let env: Record<string, string>;
    const users = (url: string, ...args: string[]): Promise<Ran> =>
      run('users', [...args, '--by', 'the operator'], { ...env, VALKEY_URL: url });

    beforeAll(async () => {
      const data = await mkdtemp(join(tmpdir(), 'parley-told-'));
      dynamo = await startDynamoServer();
      ends.push(
        () => rm(data, { recursive: true, force: true }),
        () => dynamo.stop(),
      );
      env = {
        PARLEY_DATA: data,
        DYNAMODB_ENDPOINT: dynamo.endpoint,
        AWS_REGION: testRegion,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      };
      for (const script of ['ddb/schema-load', 'ddb/seed']) expect((await run(script, [], env)).err).toBe('');
    }, 60_000);

    test('[USER-3] who disables somebody has every server hear of it', async () => {
      await listens();
      const { code, err } = await users(asUser('parley-lifecycle'), 'disable', 'ben');
      expect([code, err]).toEqual([0, '']);
      await until(() => heard.some(({ type }) => type === 'user.changed'));
    }, 60_000);

    test('Valkey away: the work is done all the same, and the script says what that means', async () => {
      const { code, err } = await users('redis://127.0.0.1:1', 'enable', 'ben');
      expect([code, err]).toEqual([0, expect.stringContaining('for up to five minutes')]);
    }, 60_000);
  });
});
