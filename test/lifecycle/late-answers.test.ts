/** Clocks apart, answers lost, imports repeated: an erasure and its notes stand all the same. */
import { expect, test } from 'vitest';
import { TableError } from '#table/errors';
import { must, startRig, textOf } from './rig.ts';

test('[USER-5] a worker whose clock is ahead waits as long as any other for what is under way', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada', 'Ada Lovelace');
    const bob = await rig.person('bob');
    const direct = await rig.open(ada, ['bob']);
    await rig.say(bob, direct, 'hello');
    const [busy, ahead] = [rig.startNode(), rig.startNode()];
    // A request that passed the door before the refusal.
    await busy.messenger.history({ user: ada.user }, direct, { limit: 5 });
    await rig.node.messenger.eraseMe({ user: ada.user });
    expect(await rig.node.lifecycle.advance(ada.user)).toMatchObject({ state: 'waits' });
    const three = 3 * 60_000;
    rig.clock.now += three;
    expect(await ahead.lifecycle.advance(ada.user)).toMatchObject({ state: 'waits' });
    rig.clock.now -= three;
    await busy.messenger.send({ user: ada.user }, direct, { message: 'Adas late word' });
    rig.clock.now += 15_000;
    expect(await rig.node.lifecycle.advance(ada.user)).toMatchObject({ state: 'done' });
    await rig.settle();
    const left = (await rig.scanMain()).filter((item) => textOf(item).includes(ada.user));
    expect(left.map(({ sk }) => sk)).toEqual(['PROFILE']);
  } finally {
    await rig.close();
  }
});

test('[USER-5] importing once more brings nobody back who was erased', async () => {
  const rig = await startRig();
  try {
    const messages = [
      { from: 'Ada', text: 'one' },
      { from: 'Bob', text: 'two' },
    ];
    const { conversation } = await rig.node.importConversation({ id: 'old', messages });
    const item = must(await rig.node.patterns.getConversation(conversation));
    const ada = item.created_by as Parameters<typeof rig.node.lifecycle.advance>[0];
    await rig.node.messenger.eraseMe({ user: ada });
    for (let tries = 0; tries < 5; tries += 1) {
      const progress = await rig.node.lifecycle.advance(ada);
      if (progress.state === 'waits') rig.clock.now = progress.until;
    }
    const again = await rig.node.importConversation({ id: 'old', messages });
    expect(again).toMatchObject({ written: 0, found: 2 });
    const more = [...messages, { from: 'Ada', text: 'three' }];
    await rig.node.importConversation({ id: 'old', messages: more }).catch(() => undefined);
    const left = (await rig.scanMain()).filter((one) => textOf(one).includes(ada));
    expect(left.map(({ sk }) => sk)).toEqual(['PROFILE']);
  } finally {
    await rig.close();
  }
});

test('[TABLE-3] an act whose note was written by an attempt without an answer goes on', async () => {
  const rig = await startRig();
  try {
    const main = {
      ...rig.tables.main,
      put: async (...[request, call]: Parameters<typeof rig.tables.main.put>) => {
        const result = await rig.tables.main.put(request, call);
        if (request.item.type !== 'audit') return result;
        throw new TableError('condition_failed', 'again', { outcome: 'unknown', item: request.item });
      },
    };
    const node = rig.startNode({ main });
    expect(await node.lifecycle.audit.audited({ by: 'op', act: 'look' }, async () => 'done')).toBe('done');
  } finally {
    await rig.close();
  }
});
