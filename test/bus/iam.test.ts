/** [SEC-8] Signing in to a cache by IAM, against a real server behind the service's own checks, in the service's own time. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterEach, describe, expect, test } from 'vitest';
import { connectionMs, iamSignIn } from '#bus/iam-token';
import type { BusEvent } from '#bus/port';
import { createValkeyBus } from '#bus/valkey';
import type { SignIn } from '#bus/valkey-connection';
import { openValkey, type ValkeyLink } from '#bus/valkey-link';
import { createValkeyLevel } from '#cache/valkey';
import { traceOf } from '#server/problem-replies';
import { announcerRights, nodeRights, publisherRights } from '#server/valkey-rights';
import { createPresigner } from '#table/dynamodb/presign';
import { type Signer, serviceConnectionMs, startCacheService } from '../support/elasticache-standin.ts';
import { skipValkeyTests, startValkeyServer } from '../support/valkey.ts';

const hour = 3_600_000;
const step = hour / 2;
const cache = 'parley';
const user = 'parley-service';
const region = 'eu-central-1';
const role: Signer = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'a+secret/key', sessionToken: 'a/session+token==' };
/** The server's own password, behind the service; no client ever knows it. */
const inner = 'inner';

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  expect.fail('it did not come to be');
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server whose users have the rights of the deployment, the service before it, and a clock that the test moves. */
const startWorld = async () => {
  const rights = (name: string, list: string) => ['--user', name, `>${inner}`, ...list.split(' ')];
  const server = await startValkeyServer([
    ...rights(user, nodeRights),
    ...rights('parley-fanout', publisherRights),
    ...rights('parley-lifecycle', announcerRights),
    ...['--user', 'watcher', 'on', `>${inner}`, '~*', '&*', '+@all'],
    ...['--user', 'default', 'off'],
  ]);
  let now = Date.UTC(2026, 10, 27, 9);
  const timers = new Set<{ at: number; run: () => void }>();
  const service = await startCacheService(server.port, inner, { cache, region, user, signer: role, now: () => now });
  closing.push(
    () => server.stop(),
    () => service.close(),
  );
  const after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: now + ms, run };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const due = () => [...timers].filter(({ at }) => at <= now);
  const faults: unknown[] = [];
  /** Lets time pass, half an hour at a time; what falls due is done before the next. */
  const pass = async (ms: number): Promise<void> => {
    for (const end = now + ms; now < end; ) {
      now += step;
      const [armed, open] = [timers.size, service.open()];
      for (const timer of due()) {
        timers.delete(timer);
        timer.run();
      }
      // Each renewal, done or failed, ends with the next one being arranged, and with no connection more than before.
      await until(() => timers.size >= armed && service.open() <= open);
      service.sweep();
    }
  };
  const open = (signIn: Partial<SignIn> = {}, signer: Signer = role): ValkeyLink => {
    const link = openValkey({
      url: `rediss://${user}@127.0.0.1:${service.port}`,
      authorities: service.authority,
      signIn: {
        ...iamSignIn(
          { cache, user, region },
          createPresigner(
            async () => signer,
            () => now,
          ),
        ),
        ...signIn,
      },
      random: () => 0.5,
      after,
      onFault: (error) => faults.push(error),
    });
    closing.push(() => link.close());
    return link;
  };
  /** A node as the server makes one. */
  const openNode = async (name: string, signIn: Partial<SignIn> = {}) => {
    const link = open(signIn);
    const heard: unknown[] = [];
    let restarts = 0;
    const bus = createValkeyBus(link, name);
    bus.subscribe(({ body }) => heard.push(body));
    const level = createValkeyLevel(link, name);
    level.onInvalidated((keys) => {
      if (keys === 'all') restarts += 1;
    });
    await until(() => link.ready() && restarts > 0);
    closing.push(async () => level.close());
    return { link, bus, level, heard, restarts: () => restarts };
  };
  const raw = (name: string): Redis => {
    const client = new Redis({ port: server.port, username: name, password: inner });
    closing.push(async () => client.disconnect());
    return client;
  };
  return { service, server, pass, open, openNode, raw, faults, now: () => now };
};

const typing = (body: unknown): BusEvent => ({ type: 'typing', to: ['u'], body });

describe.skipIf(skipValkeyTests)('[SEC-8] signing in to a cache by IAM', () => {
  test('a node signs in, and its rights are enough for all it does: cache, invalidations, bus', async () => {
    const world = await startWorld();
    const [a, b] = await Promise.all([world.openNode('a'), world.openNode('b')]);
    expect(world.service.signIns).toEqual([undefined, undefined, undefined, undefined]);
    // Asked until it answers: a busy machine's level may pass for away for a moment.
    const readBy = async ({ level }: typeof a, state: string): Promise<void> =>
      until(async () => (await level.read(['k']))[0]?.state === state);
    await readBy(a, 'miss');
    await until(async () => {
      a.level.write('k', '', 'loaded', 60_000);
      return (await b.level.read(['k']))[0]?.state === 'hit';
    });
    const invalidated: string[] = [];
    b.level.onInvalidated((keys) => invalidated.push(...(keys === 'all' ? [] : keys)));
    a.level.invalidate(['k']);
    await until(() => invalidated.includes('k'));
    await readBy(b, 'miss');
    a.bus.publish(typing('across'));
    await until(() => b.heard.length === 1);
    expect(b.heard).toEqual(['across']);
    expect(world.faults).toEqual([]);
  });

  test.each([
    ['parley-service', ['keys', '*']],
    ['parley-service', ['flushall']],
    ['parley-service', ['config', 'get', '*']],
    ['parley-service', ['get', 'somebody:elses']],
    ['parley-service', ['publish', 'another:channel', 'x']],
    ['parley-fanout', ['get', 'parley:cache:page']],
    ['parley-fanout', ['subscribe', 'parley:events']],
    ['parley-fanout', ['publish', 'parley:invalidated', 'x']],
    ['parley-lifecycle', ['get', 'parley:cache:page']],
    ['parley-lifecycle', ['subscribe', 'parley:events']],
    ['parley-lifecycle', ['set', 'somebody:elses', 'x']],
  ])('[SEC-8] the user %s may not %j', async (name, [command = '', ...words]) => {
    const world = await startWorld();
    await expect(world.raw(name).call(command, ...words)).rejects.toThrow(/NOPERM/);
  });

  test.each<readonly [string, Partial<SignIn>, Signer | undefined]>([
    ['a key that is not the role’s', {}, { ...role, secretAccessKey: 'another' }],
    ['a session that is not the role’s', {}, { ...role, sessionToken: 'another' }],
    ['a password', { password: async () => inner }, undefined],
  ])('%s is refused: nothing is cached, nothing fails', async (_name, signIn, signer) => {
    const world = await startWorld();
    const link = world.open(signIn, signer);
    await until(() => world.service.signIns.length > 0);
    expect(world.service.signIns[0]).not.toBeUndefined();
    const level = createValkeyLevel(link, 'a');
    expect(link.ready()).toBe(false);
    expect(await level.read(['k'])).toEqual([{ state: 'away' }]);
    level.close();
  });

  test('a token serves for fifteen minutes: one that was kept is refused, a connection made anew brings a new one', async () => {
    const world = await startWorld();
    const kept = await iamSignIn(
      { cache, user, region },
      createPresigner(async () => role, world.now),
    ).password();
    const node = await world.openNode('a');
    await world.pass(hour);
    const link = world.open({ password: async () => kept });
    await until(() => world.service.signIns.includes('expired'));
    await link.close();
    const [signedIn, restarts] = [world.service.signIns.length, node.restarts()];
    world.service.breakAll();
    await until(() => node.link.ready() && node.restarts() > restarts);
    expect(world.service.signIns.slice(signedIn)).toEqual([undefined, undefined]);
  });

  test('both connections are signed in again before the service ends them, and go on hearing', async () => {
    const world = await startWorld();
    const [a, b] = await Promise.all([world.openNode('a'), world.openNode('b')]);
    await world.pass(5 * serviceConnectionMs);
    expect(world.service.ended()).toBe(0);
    await until(() => a.link.ready() && world.service.open() === 4);
    const before = b.heard.length;
    await until(() => {
      a.bus.publish(typing('still there'));
      return b.heard.length > before;
    });
    expect(new Set(world.service.signIns)).toEqual(new Set([undefined]));
  });

  test('[LIVE-3] nothing that is said while a listener’s connection is renewed is lost, comes twice or out of order', async () => {
    const world = await startWorld();
    const [a, b] = await Promise.all([world.openNode('a'), world.openNode('b')]);
    const signedIn = world.service.signIns.length;
    let said = 0;
    const speaking = setInterval(() => {
      for (let n = 0; n < 20; n += 1) {
        a.bus.publish(typing(said));
        said += 1;
      }
    }, 1);
    try {
      for (let renewals = 1; renewals <= 3; renewals += 1) {
        await world.pass(8 * hour);
        await sleep(50);
      }
    } finally {
      clearInterval(speaking);
    }
    expect(world.service.signIns.length).toBeGreaterThanOrEqual(signedIn + 4 * 3);
    expect(said).toBeGreaterThan(1_000);
    await until(() => b.heard.length >= said);
    expect(b.heard).toEqual(Array.from({ length: said }, (_, n) => n));
    // So no cache was emptied for fear of having missed something.
    expect([a.restarts(), b.restarts()]).toEqual([1, 1]);
    expect(world.faults).toEqual([]);
  });

  test('[LIVE-3] a listener whose place no other connection can take goes on, until one can', async () => {
    const world = await startWorld();
    const fresh = iamSignIn(
      { cache, user, region },
      createPresigner(async () => role, world.now),
    ).password;
    let refused = false;
    const a = await world.openNode('a');
    const b = await world.openNode('b', { password: async () => (refused ? 'refused' : fresh()) });
    const signedIn = world.service.signIns.length;
    const hears = async (word: string): Promise<void> => {
      a.bus.publish(typing(word));
      await until(() => b.heard.includes(word));
    };
    refused = true;
    await world.pass(7.5 * hour);
    expect(world.service.signIns.slice(signedIn)).toContain('another cache');
    expect(world.faults.length).toBeGreaterThan(0);
    await hears('while it is refused');
    refused = false;
    await world.pass(hour);
    await until(() => world.service.open() === 4);
    await hears('afterwards');
    await world.pass(5 * hour);
    expect([world.service.ended(), b.restarts()]).toEqual([0, 1]);
  });

  test('one that is not signed in again is ended after twelve hours, and comes back with a new token', async () => {
    expect(connectionMs).toBe(serviceConnectionMs);
    const world = await startWorld();
    const node = await world.openNode('a', { lastsMs: 100 * serviceConnectionMs });
    const restarts = node.restarts();
    await world.pass(serviceConnectionMs - step);
    expect(world.service.ended()).toBe(0);
    await world.pass(step);
    expect(world.service.ended()).toBe(2);
    await until(() => node.link.ready() && node.restarts() > restarts);
    expect(world.service.signIns).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('a renewal that fails is tried again, with the connection still open', async () => {
    const world = await startWorld();
    let refused = 0;
    const fresh = iamSignIn(
      { cache, user, region },
      createPresigner(async () => role, world.now),
    ).password;
    const link = world.open({
      password: async () => {
        if (world.now() < Date.UTC(2026, 10, 27, 16) || refused > 3) return fresh();
        refused += 1;
        throw new Error('no credentials for a while');
      },
    });
    await until(() => link.ready());
    world.service.signIns.length = 0;
    await world.pass(10 * hour);
    await until(() => world.service.signIns.length > 0);
    expect(refused).toBeGreaterThan(0);
    expect(world.service.ended()).toBe(0);
  });

  test('[SEC-7] no token is in what the log is told of a refusal', async () => {
    const world = await startWorld();
    world.open({}, { ...role, secretAccessKey: 'another' });
    await until(() => world.faults.length > 0);
    const told = JSON.stringify(world.faults.map(traceOf));
    expect(told).toContain('error');
    expect(told).not.toMatch(/X-Amz|Signature|another|ServerlessCache/);
  });
});
