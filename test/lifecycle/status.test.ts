/** USER-3: a disabled user is served by nobody, on any node, within five seconds; streams included. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '#messenger/views';
import { type Person, type Rig, startRig } from './rig.ts';
import { createTicks } from './ticks.ts';

/** The rule's own bound. */
const boundMs = 5_000;
type Node = Rig['node'];

const served = async (node: Node, { user }: Person) => node.messenger.isServed(user);

/** What a user's stream hears on a node. */
const listen = (node: Node, { user }: Person): LiveEvent[] => {
  const heard: LiveEvent[] = [];
  node.messenger.live(user, (event) => heard.push(event));
  return heard;
};

test('[USER-3] disabled on one node, a user is refused on every other within five seconds, and enabled again served', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    // Nodes that share nothing but the table: no bus carries word between them.
    const others = [rig.startNode(), rig.startNode()];
    for (const node of others) expect(await served(node, ada)).toBe('active');
    const profile = await rig.node.lifecycle.setStatus(ada.user, 'disabled');
    expect(profile.status).toBe('disabled');
    expect(await served(rig.node, ada)).toBe('refused');
    rig.clock.now += boundMs;
    for (const node of others) expect(await served(node, ada)).toBe('refused');
    await rig.node.lifecycle.setStatus(ada.user, 'active');
    expect(await served(rig.node, ada)).toBe('active');
    rig.clock.now += boundMs;
    for (const node of others) expect(await served(node, ada)).toBe('active');
  } finally {
    await rig.close();
  }
});

test('[USER-3] a live stream on another node is cut within five seconds although no word of it comes over the bus', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    const bob = await rig.person('bob');
    const far = rig.startNode();
    const ticks = createTicks(rig, far);
    const [hers, his] = [listen(far, ada), listen(far, bob)];
    await ticks.pass(boundMs);
    expect([hers, his]).toEqual([[], []]);
    await rig.node.lifecycle.setStatus(ada.user, 'disabled');
    await ticks.pass(boundMs);
    expect(hers).toContainEqual({ type: 'signed_out', data: {} });
    expect(his).toEqual([]);
    // Requests there are refused from the same moment on.
    expect(await served(far, ada)).toBe('refused');
  } finally {
    await rig.close();
  }
});

test('[USER-3] looking after streams costs half a read unit a user each time, and nothing where there are none', async () => {
  const rig = await startRig();
  try {
    const people: Person[] = [];
    for (let n = 0; n < 130; n += 1) people.push(await rig.person(`person_${n}`));
    const far = rig.startNode();
    expect(far.ticks.size).toBe(0);
    const leave = people.map(({ user }) => far.messenger.live(user, () => undefined));
    const ticks = createTicks(rig, far);
    await ticks.pass(boundMs);
    // One look in five seconds, or two: 130 users are two batches each time.
    expect(far.uses.map((use) => use.pattern)).toEqual(Array(2 * ticks.count()).fill('getProfiles'));
    expect(ticks.count()).toBeGreaterThan(0);
    const units = far.uses.reduce((sum, use) => sum + use.capacity.read, 0);
    expect(units).toBe(ticks.count() * people.length * 0.5);
    for (const one of leave) one();
    expect(far.ticks.size).toBe(0);
  } finally {
    await rig.close();
  }
});

test('[USER-3] the fan-out passes the word on by the bus: a stream on its node is cut at once', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    const far = rig.startNode();
    const heard = listen(far, ada);
    await rig.settle(far);
    expect(heard).toEqual([]);
    await rig.node.lifecycle.setStatus(ada.user, 'disabled');
    await rig.settle(far);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([{ type: 'signed_out', data: {} }]);
  } finally {
    await rig.close();
  }
});

test('[USER-3] whoever is being erased is not brought back; nobody is disabled who is not there', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    const { setStatus } = rig.node.lifecycle;
    expect((await setStatus(ada.user, 'active')).status).toBe('active');
    await setStatus(ada.user, 'disabled');
    expect((await setStatus(ada.user, 'disabled')).status).toBe('disabled');
    await rig.node.lifecycle.begin({ user: ada.user });
    await expect(setStatus(ada.user, 'active')).rejects.toMatchObject({ code: 'conflict' });
    await expect(setStatus(ada.user, 'disabled')).rejects.toMatchObject({ code: 'conflict' });
    const nobody = '99999999-9999-4999-8999-999999999999' as typeof ada.user;
    await expect(setStatus(nobody, 'disabled')).rejects.toMatchObject({ code: 'not_found' });
    await expect(rig.node.lifecycle.begin({ user: nobody })).rejects.toMatchObject({ code: 'not_found' });
  } finally {
    await rig.close();
  }
});

test('[USER-3] a table that is away cuts no stream, and the next look does what this one could not', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    let away = false;
    const { main } = rig.tables;
    const flaky = rig.startNode({
      main: { ...main, batchGet: (...args) => (away ? Promise.reject(new Error('away')) : main.batchGet(...args)) },
    });
    const heard = listen(flaky, ada);
    const ticks = createTicks(rig, flaky);
    away = true;
    await rig.node.lifecycle.setStatus(ada.user, 'disabled');
    await ticks.pass(boundMs);
    expect(heard).toEqual([]);
    away = false;
    await ticks.pass(boundMs);
    expect(heard).toContainEqual({ type: 'signed_out', data: {} });
  } finally {
    await rig.close();
  }
});
