/** USER-1 and USER-2: people come to be once, under one handle, and their names follow them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { UserUuid } from '#domain/ids';
import { TableError } from '#table/errors';
import { named, onLmdb, onMemory, type Rig, startRig, watched } from './rig.ts';

const newUser = (): UserUuid => randomUUID() as UserUuid;
const minute = 60_000;

const handlesOf = async (rig: Rig, user: string): Promise<string[]> =>
  (await rig.scanMain()).flatMap((item) =>
    item.type === 'handle' && item.user_uuid === user ? [String(item.handle)] : [],
  );

describe.each([
  { engine: 'memory', open: onMemory },
  { engine: 'LMDB', open: onLmdb },
])('on $engine', ({ open }) => {
  test('[USER-1] provisioned by two nodes at once, again and again, a user is one user with one handle', async () => {
    const rig = await startRig(open);
    try {
      await rig.person('ada');
      const nodes = [rig.node, rig.startNode(), rig.startNode()];
      for (let round = 0; round < 10; round += 1) {
        const user = newUser();
        // A handle that is taken: each node has to find another, and they have to find the same.
        const wishes = nodes.map((node) => node.messenger.provision(user, { handle: named('ada'), flexible: true }));
        const views = await Promise.all(wishes);
        expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(1);
        expect(await handlesOf(rig, user)).toEqual([views[0]?.handle]);
        expect(views[0]?.handle).toMatch(/^ada_\d{5}$/);
        const later = await rig.startNode().messenger.provision(user, { handle: named('something_else') });
        expect(later).toEqual(views[0]);
      }
    } finally {
      await rig.close();
    }
  });

  test('[USER-2] one handle wished for by many at once, in any case, becomes one user’s; a rename releases the old one', async () => {
    const rig = await startRig(open);
    try {
      const nodes = [rig.node, rig.startNode(), rig.startNode(), rig.startNode()];
      const users = nodes.map(newUser);
      const wish = (text: string, at: number) =>
        nodes[at % 4]?.messenger.provision(users[at] ?? newUser(), { handle: named(text) });
      const results = await Promise.allSettled(['Grace', 'grace', 'GRACE', 'gRaCe'].map(wish));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'handle_taken' });
      const first = users[results.findIndex(({ status }) => status === 'fulfilled')] ?? newUser();
      await rig.node.messenger.changeMe({ user: first }, { handle: named('hopper') });
      expect(await handlesOf(rig, first)).toEqual(['hopper']);
      const heir = await rig.person('grace');
      expect((await rig.node.messenger.userByHandle({ user: first }, named('grace'))).uuid).toBe(heir.user);
      await expect(rig.node.messenger.changeMe({ user: first }, { handle: named('grace') })).rejects.toMatchObject({
        code: 'handle_taken',
      });
      expect(await handlesOf(rig, first)).toEqual(['hopper']);
    } finally {
      await rig.close();
    }
  });
});

test('[USER-1] a node that dies at any request of provisioning leaves nothing that the next try does not put right', async () => {
  for (let after = 0; ; after += 1) {
    const rig = await startRig();
    try {
      await rig.person('ada');
      const user = newUser();
      let left = after;
      const victim = rig.startNode({
        main: watched(rig.tables.main, (run) => {
          left -= 1;
          return left < 0 ? Promise.reject(new TableError('unavailable', 'the node is dead')) : run();
        }),
      });
      const wish = { handle: named('ada'), flexible: true };
      const survived = await victim.messenger.provision(user, wish).then(
        () => true,
        () => false,
      );
      const view = await rig.startNode().messenger.provision(user, wish);
      expect(await handlesOf(rig, user)).toEqual([view.handle]);
      const listed: string[] = [];
      for await (const profile of rig.node.lifecycle.users()) listed.push(profile.uuid);
      expect(listed).toContain(user);
      if (survived) {
        expect(after).toBeGreaterThan(4);
        return;
      }
    } finally {
      await rig.close();
    }
  }
});

test('[USER-2] a handle whose claimer never got to a profile is taken over after six minutes, not before', async () => {
  const rig = await startRig();
  try {
    const [ghost, ada] = [newUser(), newUser()];
    const claimed_at = new Date(rig.clock.now).toISOString();
    await rig.node.patterns.claimHandle({ type: 'handle', handle: 'ada', user_uuid: ghost, claimed_at }, undefined);
    const wish = { handle: named('ada') };
    expect(await rig.node.messenger.findByHandle(wish.handle)).toBeUndefined();
    await expect(rig.node.messenger.provision(ada, wish)).rejects.toMatchObject({ code: 'handle_taken' });
    rig.clock.now += 6 * minute;
    const tries = [rig.node, rig.startNode()].map((node, at) =>
      node.messenger.provision(at === 0 ? ada : newUser(), wish),
    );
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    // The ghost comes back: it gets another handle, and takes nothing away.
    const back = await rig.node.messenger.provision(ghost, { ...wish, flexible: true });
    expect(back.handle).toMatch(/^ada_\d{5}$/);
    expect((await rig.scanMain()).filter((item) => item.pk === 'HDL#ada')).toHaveLength(1);
  } finally {
    await rig.close();
  }
});

test('[USER-2] two renames of one user at once: one holds, and the other leaves no handle behind', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    const call = { user: ada.user };
    const other = rig.startNode();
    const results = await Promise.allSettled([
      rig.node.messenger.changeMe(call, { handle: named('countess') }),
      other.messenger.changeMe(call, { handle: named('lovelace') }),
    ]);
    const failed = results.filter((result) => result.status === 'rejected');
    for (const { reason } of failed) expect(reason).toMatchObject({ code: 'conflict' });
    const me = await rig.startNode().messenger.me(call);
    expect(await handlesOf(rig, ada.user)).toEqual([me.handle]);
  } finally {
    await rig.close();
  }
});

describe('names in inboxes', () => {
  const rowOf = async (rig: Rig, user: UserUuid) =>
    (await rig.node.messenger.inbox({ user }, { folder: 'inbox', limit: 10 })).conversations[0];

  test('[INBOX-6] [USER-2] a rename reaches every row that shows the name', async () => {
    const rig = await startRig();
    try {
      const ada = await rig.person('ada', 'Ada');
      const others = await Promise.all(['bob', 'cyd', 'dot'].map((handle) => rig.person(handle)));
      for (const { handle } of others) await rig.say(ada, await rig.open(ada, [handle]), 'hello');
      await rig.settle();
      const change = { handle: named('countess'), display_name: 'Ada Lovelace' };
      await rig.node.messenger.changeMe({ user: ada.user }, change);
      await rig.settle();
      for (const { user } of others) {
        expect(await rowOf(rig, user)).toMatchObject({
          other_user_uuid: ada.user,
          other_user_handle: 'countess',
          other_user_display_name: 'Ada Lovelace',
        });
      }
    } finally {
      await rig.close();
    }
  });

  test('[INBOX-6] [USER-2] a rename at any moment of a row’s creation reaches the row', async () => {
    for (let at = 0; ; at += 1) {
      const rig = await startRig();
      try {
        const ada = await rig.person('ada', 'Ada');
        const bob = await rig.person('bob');
        await rig.settle();
        // The rename, and its fan-out, come between two requests of the node that opens the conversation.
        let left = at;
        let renamed = false;
        const opening = rig.startNode({
          main: watched(rig.tables.main, async (run) => {
            if (left === 0 && !renamed) {
              renamed = true;
              await rig.node.messenger.changeMe({ user: ada.user }, { display_name: 'Ada Lovelace' });
              await rig.settle();
            }
            left -= 1;
            return run();
          }),
        });
        await opening.messenger.open({ user: bob.user }, { handles: [ada.handle] });
        if (!renamed) {
          expect(at).toBeGreaterThan(6);
          return;
        }
        await rig.settle();
        expect(await rowOf(rig, bob.user)).toMatchObject({ other_user_display_name: 'Ada Lovelace' });
      } finally {
        await rig.close();
      }
    }
  });

  test('[INBOX-6] [USER-5] the row of somebody who left, whose newest entry is by somebody erased since, names them no more', async () => {
    const rig = await startRig();
    try {
      const [ada, bob] = [await rig.person('ada'), await rig.person('bob')];
      await rig.person('cyd');
      const group = await rig.open(ada, ['bob', 'cyd']);
      const { messenger } = rig.node;
      await messenger.removeParticipant({ user: ada.user }, group, bob.handle);
      await rig.say(ada, group, 'among ourselves');
      await rig.settle();
      const row = await rowOf(rig, bob.user);
      await messenger.eraseMe({ user: ada.user });
      let progress = await rig.node.lifecycle.advance(ada.user);
      if (progress.state === 'waits') rig.clock.now = progress.until;
      progress = await rig.node.lifecycle.advance(ada.user);
      expect(progress.state).toBe('done');
      await rig.settle();
      const after = await rig.node.patterns.getInboxRow(bob.user, group);
      expect(after?.last_seq).toBe(row?.last_seq);
      expect(JSON.stringify(after)).not.toContain(ada.user);
    } finally {
      await rig.close();
    }
  });
});
