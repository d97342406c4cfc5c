/** [LIVE-3] The bus between nodes, against a real server: who hears what, and what a server that is away costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Bus, BusEvent } from '#bus/port';
import { createValkeyBus } from '#bus/valkey';
import { openValkey, type ValkeyLink } from '#bus/valkey-link';
import { createLocalCache } from '#cache/local';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { createMessenger } from '#messenger/create';
import type { EntryItem } from '#store/items';
import { createPatterns } from '#store/patterns';
import { createMemoryTable } from '#table/embedded/memory-table';
import { mainSchema } from '#table/schema';
import { localRig } from '../crypto/rig.ts';
import { skipValkeyTests, startValkeyServer, type ValkeyServer } from '../support/valkey.ts';

describe.skipIf(skipValkeyTests)('the bus over Valkey', () => {
  let server: ValkeyServer;
  const opened: (Bus | ValkeyLink)[] = [];
  beforeAll(async () => {
    server = await startValkeyServer();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });

  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 1_000 && !holds(); tries += 1) await sleep(10);
    expect(holds()).toBe(true);
  };

  const openNode = async (name: string) => {
    const link = openValkey({ url: server.url });
    let listening = 0;
    link.subscribe(
      'parley:events',
      () => undefined,
      () => {
        listening += 1;
      },
    );
    const faults: unknown[] = [];
    const bus = createValkeyBus(link, name, (error) => faults.push(error));
    opened.push(link, bus);
    const heard: BusEvent[] = [];
    bus.subscribe((event) => heard.push(event));
    await until(() => listening > 0 && link.ready());
    return { bus, link, heard, faults, listening: () => listening };
  };

  const typing = (body: unknown): BusEvent => ({ type: 'typing', to: ['u'], body });

  test('every node hears every event once and in order, its own included', async () => {
    const nodes = await Promise.all(['a', 'b', 'c'].map(openNode));
    const [first] = nodes;
    const events = Array.from({ length: 200 }, (_, index) => typing(index));
    for (const event of events) first?.bus.publish(event);
    expect(first?.heard).toEqual(events);
    await until(() => nodes.every(({ heard }) => heard.length >= events.length));
    for (const { heard } of nodes) expect(heard).toEqual(events);
  });

  test('a set of strings arrives as one, in an entry as it is stored', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(openNode));
    const body: Partial<EntryItem> = { type: 'message', seq: 1, reactions: new Set(['👍 u1', '🎉 u2']) };
    a?.bus.publish({ type: 'message.updated', to: ['u'], body });
    await until(() => b?.heard.length === 1);
    expect(b?.heard[0]?.body).toEqual(body);
  });

  test('while the server is away publishing costs nothing and fails nothing; afterwards events cross again', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(openNode));
    if (a === undefined || b === undefined) throw new Error('two nodes');
    const before = b.listening();
    await server.kill();
    for (let index = 0; index < 100; index += 1) a.bus.publish(typing(index));
    expect(a.heard).toHaveLength(100);
    await server.start();
    await until(() => a.link.ready() && b.listening() > before);
    a.bus.publish(typing('after'));
    await until(() => b.heard.length > 0);
    expect(b.heard).toEqual([typing('after')]);
    expect(b.faults).toEqual([]);
  });

  test('a server that has stopped answering holds up nobody', async () => {
    const a = await openNode('a');
    server.pause();
    try {
      for (let index = 0; index < 1_000; index += 1) a.bus.publish(typing('x'.repeat(1_000)));
      expect(a.heard).toHaveLength(1_000);
    } finally {
      server.resume();
    }
    // Commands of a connection are taken in order: after this one no event is left over for the nodes of the next test.
    expect(await a.link.commands.ping()).toBe('PONG');
  });

  test('what is no event of ours is passed over', async () => {
    const [a, b] = await Promise.all(['a', 'b'].map(openNode));
    a?.link.publish('parley:events', 'no json');
    a?.link.publish('parley:events', '{"from":"x","event":{}}');
    a?.bus.publish(typing('good'));
    await until(() => b?.heard.length === 1);
    expect(b?.faults).toHaveLength(2);
  });

  test('[SEC-5] no text crosses the bus in clear', async () => {
    const node = await openNode('a');
    const raw = new Redis(server.url);
    const wire: string[] = [];
    raw.on('message', (_channel: string, text: string) => wire.push(text));
    await raw.subscribe('parley:events');
    const keys = await localRig();
    const now = () => keys.clock.now;
    const { messenger } = createMessenger({
      patterns: createPatterns(
        createMemoryTable({ schema: mainSchema, name: 'bus', now }),
        () => undefined,
        () => 0,
      ),
      sealer: keys.node().sealer,
      cache: createLocalCache(now, Math.random),
      bus: node.bus,
      now,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    });
    const ada = '10000000-0000-4000-8000-000000000001' as UserUuid;
    const bob = '10000000-0000-4000-8000-000000000002' as UserUuid;
    await messenger.provision(ada, { handle: 'ada' as Handle });
    await messenger.provision(bob, { handle: 'bob' as Handle });
    const { conversation } = await messenger.open({ user: ada }, { handles: ['bob' as Handle] });
    const uuid = conversation.uuid as ConversationUuid;
    const { message } = await messenger.send({ user: ada }, uuid, { message: 'the secret word' });
    await messenger.edit({ user: ada }, uuid, message.seq, 'the other secret');
    await until(() => wire.length >= 2);
    raw.disconnect();
    await keys.done();
    expect(wire.join()).toContain(message.uuid);
    expect(wire.join()).not.toContain('secret');
  });
});
