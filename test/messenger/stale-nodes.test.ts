/** Nodes that have not heard of a change yet, and writes that land late: what they may not undo, show or decide. */
import { expect, test } from 'vitest';
import type { ConversationUuid } from '#domain/ids';
import type { LiveEvent } from '#messenger/views';
import { TableError } from '#table/errors';
import type { Table } from '#table/port';
import { codeOf, createNode, createRig, named, numbers, type Rig, sendAll } from '../support/messenger-rig.ts';

const groupOf = async (rig: Rig, handles: readonly string[], title?: string) => {
  const request = { handles: handles.map(named), ...(title !== undefined && { title }) };
  const { conversation } = await rig.messenger.open({ user: rig.ana }, request);
  return conversation.uuid as ConversationUuid;
};

/** A group that Cleo was removed from, with an entry at 3 since, and a node that knows her as a member still. */
const removedUnheard = async (rig: Rig) => {
  const group = await groupOf(rig, ['ben', 'cleo']);
  const deaf = createNode(rig.table, rig.clock);
  await deaf.messenger.history({ user: rig.cleo }, group, { limit: 5 });
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('cleo'));
  await sendAll(rig, rig.messenger, rig.ana, group, ['without cleo']);
  return { group, deaf };
};

const turns = () => new Promise((resolve) => setTimeout(resolve, 20));

test('[CONV-2] live: who joined later is not told of what was said before', async () => {
  const rig = await createRig();
  const group = await groupOf(rig, ['ben', 'cleo']);
  await sendAll(rig, rig.messenger, rig.ana, group, ['before dan']);
  await rig.messenger.addParticipant({ user: rig.ana }, group, named('dan'));
  const heard: LiveEvent[] = [];
  rig.messenger.live(rig.dan, (event) => heard.push(event));
  await rig.messenger.react({ user: rig.ben }, group, 2, '👍', true);
  await rig.messenger.edit({ user: rig.ana }, group, 2, 'still before dan');
  await turns();
  expect(heard.filter(({ type }) => type === 'message.updated')).toEqual([]);
});

test('[CONV-2] a removed one, on a node that has not heard of it, neither reacts to nor reads what is newer', async () => {
  const rig = await createRig();
  const { group, deaf } = await removedUnheard(rig);
  expect(await codeOf(deaf.messenger.react({ user: rig.cleo }, group, 3, '👍', true))).toBe('forbidden');
  expect((await rig.patterns.getEntry(group, 3))?.reactions).toBeUndefined();
});

test('[CONV-2] live: nor are they told of it by others there', async () => {
  const rig = await createRig();
  const { group, deaf } = await removedUnheard(rig);
  const heard: LiveEvent[] = [];
  deaf.messenger.live(rig.cleo, (event) => heard.push(event));
  await deaf.messenger.react({ user: rig.ben }, group, 3, '👍', true);
  await turns();
  expect(heard).toEqual([]);
});

/** A table that holds a request back until it is let go. */
const holding = (table: Table, which: (kind: string, key: { pk: string; sk: string }) => boolean) => {
  let letGo = (): void => undefined;
  let reached = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const there = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const held: Table = {
    ...table,
    delete: async (request, call) => {
      if (which('delete', request.key)) {
        reached();
        await gate;
      }
      return table.delete(request, call);
    },
    put: async (request, call) => {
      if (which('put', request.item as never)) {
        reached();
        await gate;
      }
      return table.put(request, call);
    },
    update: async (request, call) => {
      if (which('update', request.key)) {
        reached();
        await gate;
      }
      return table.update(request, call);
    },
  };
  return { table: held, there, letGo };
};

test('[USER-2] the release of an old handle, landing late, leaves a handle taken again alone', async () => {
  const rig = await createRig();
  const { table, there, letGo } = holding(rig.table, (kind, key) => kind === 'delete' && key.pk === 'HDL#ana');
  const slow = createNode(table, rig.clock);
  const away = slow.messenger.changeMe({ user: rig.ana }, { handle: named('anna') });
  await there;
  rig.clock.ms += 1_000;
  await rig.messenger.changeMe({ user: rig.ana }, { handle: named('ana') });
  letGo();
  await away;
  expect((await rig.patterns.getHandle('ana'))?.user_uuid).toBe(rig.ana);
  expect(await codeOf(rig.messenger.changeMe({ user: rig.ben }, { handle: named('ana') }))).toBe('handle_taken');
});

test('[USER-2] a handle that its owner has just come back to is not taken over', async () => {
  const rig = await createRig();
  const dying: Table = {
    ...rig.table,
    delete: async () => {
      throw new TableError('unavailable', 'crashed', { outcome: 'none' });
    },
  };
  await codeOf(createNode(dying, rig.clock).messenger.changeMe({ user: rig.ana }, { handle: named('anna') }));
  rig.clock.ms += 7 * 60_000;
  let tries = 0;
  const second = holding(rig.table, (kind, key) => kind === 'put' && key.pk === 'HDL#ana' && ++tries === 2);
  const slow = createNode(second.table, rig.clock);
  const taking = codeOf(slow.messenger.changeMe({ user: rig.ben }, { handle: named('ana') }));
  await second.there;
  await rig.messenger.changeMe({ user: rig.ana }, { handle: named('ana') });
  second.letGo();
  expect(await taking).toBe('handle_taken');
  expect((await rig.patterns.getHandle('ana'))?.user_uuid).toBe(rig.ana);
});

test('[CONV-2] a removed one learns no title given after the removal', async () => {
  const rig = await createRig();
  const group = await groupOf(rig, ['ben', 'cleo'], 'party');
  await rig.catchUp();
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('cleo'));
  await rig.messenger.changeConversation({ user: rig.ana }, group, { title: 'secret of cleo' });
  await rig.catchUp();
  const { conversations } = await rig.messenger.inbox({ user: rig.cleo }, { folder: 'inbox', limit: 10 });
  expect(conversations.map(({ title }) => title)).toEqual(['party']);
});

test('[INBOX-6] an older name, written late, does not replace a newer one', async () => {
  const rig = await createRig();
  await rig.messenger.changeMe({ user: rig.ana }, { display_name: 'Ana the First' });
  const page = await rig.table.feed.read('embedded', 'oldest', 1_000);
  const records = page.records.slice(-1);
  const slow = holding(rig.table, (kind, key) => kind === 'update' && key.sk.startsWith('GRP#'));
  const late = createNode(slow.table, rig.clock).fanout(records);
  await slow.there;
  await rig.messenger.changeMe({ user: rig.ana }, { display_name: 'Ana the Second' });
  await rig.catchUp();
  slow.letGo();
  await late;
  expect((await rig.patterns.getInboxRow(rig.ben, rig.direct))?.other_user_display_name).toBe('Ana the Second');
});

test('[CONV-2] a change of a group is decided by what the group is, not by what a node remembers', async () => {
  const rig = await createRig();
  const group = await groupOf(rig, ['ben', 'cleo'], 'one');
  const deaf = createNode(rig.table, rig.clock);
  await deaf.messenger.conversation({ user: rig.ana }, group);
  await rig.messenger.changeConversation({ user: rig.ana }, group, { title: 'two' });
  await rig.messenger.removeParticipant({ user: rig.ana }, group, named('cleo'));
  await deaf.messenger.changeConversation({ user: rig.ana }, group, { title: 'one' });
  const { participants } = await deaf.messenger.addParticipant({ user: rig.ana }, group, named('cleo'));
  expect(participants.map(({ handle }) => handle)).toEqual(['ana', 'ben', 'cleo']);
  const item = await rig.patterns.getConversation(group);
  expect([item?.title, item?.members.find((m) => m.user_uuid === rig.cleo)?.spans.length]).toEqual(['one', 2]);
});

test('[CONV-3] a block holds at once on the node that made it, also where a replica lags', async () => {
  const rig = await createRig();
  const lagging: Table = {
    ...rig.table,
    get: async (request, call) =>
      request.consistent !== true && request.key.sk.startsWith('BLK#')
        ? ({ ...(await rig.table.get(request, call)), item: undefined } as never)
        : rig.table.get(request, call),
  };
  const node = createNode(lagging, rig.clock);
  await node.messenger.send({ user: rig.ana }, rig.direct, { message: 'one' });
  await node.messenger.block({ user: rig.ben }, named('ana'));
  expect(await codeOf(node.messenger.send({ user: rig.ana }, rig.direct, { message: 'two' }))).toBe('blocked');
});

test('[NET-2] a new handle whose first answer was lost is no conflict', async () => {
  const rig = await createRig();
  const lossy: Table = {
    ...rig.table,
    // As the adapter of DynamoDB does: it asks again, and what it then finds is its own write.
    update: async (request, call) => {
      if (request.key.sk !== 'PROFILE') return rig.table.update(request, call);
      const { item } = await rig.table.update(request, call);
      throw new TableError('condition_failed', 'again', { outcome: 'unknown', ...(item && { item }) } as never);
    },
  };
  const me = await createNode(lossy, rig.clock).messenger.changeMe({ user: rig.ana }, { handle: named('anna') });
  expect(me.handle).toBe('anna');
  expect(await rig.patterns.getHandle('ana')).toBeUndefined();
});

test('[USER-2] a claim is not taken for an old one because its claimer’s clock is behind', async () => {
  const rig = await createRig();
  const { table, there, letGo } = holding(rig.table, (kind, key) => kind === 'update' && key.sk === 'PROFILE');
  const behind = createNode(table, rig.clock, -2 * 60_000);
  const first = behind.messenger.changeMe({ user: rig.ana }, { handle: named('star') });
  await there;
  const second = await codeOf(rig.messenger.changeMe({ user: rig.ben }, { handle: named('star') }));
  letGo();
  expect((await first).handle).toBe('star');
  expect(second).toBe('handle_taken');
});

test('[CONV-4] a message deleted once more, through a node that has not heard of it, is deleted there as well', async () => {
  const rig = await createRig();
  await sendAll(rig, rig.messenger, rig.ana, rig.direct, numbers(60));
  const deaf = createNode(rig.table, rig.clock);
  const page = async () =>
    (await deaf.messenger.history({ user: rig.ana }, rig.direct, { limit: 1, before_seq: 6 })).messages[0]?.message;
  await deaf.messenger.history({ user: rig.ana }, rig.direct, { limit: 20 });
  expect(await page()).toBe('message 5');
  await rig.messenger.deleteMessage({ user: rig.ana }, rig.direct, 5);
  await deaf.messenger.deleteMessage({ user: rig.ana }, rig.direct, 5);
  expect(await page()).toBeUndefined();
});
