/** What operators do leaves a trace that outlives those whom it concerns, and names none of them. */
import { expect, test } from 'vitest';
import { ParleyError } from '#domain/errors';
import { fingerprint } from '#messenger/lifecycle/audit';
import type { AuditItem } from '#store/items';
import { type Rig, startRig, textOf } from './rig.ts';

const entriesOf = async (rig: Rig): Promise<AuditItem[]> => {
  const all: AuditItem[] = [];
  const month = new Date(rig.clock.now).toISOString().slice(0, 7);
  for await (const entry of rig.node.lifecycle.audit.list(month)) all.push(entry);
  return all;
};

test('[SEC-5] [USER-3] an act is noted when it begins and when it ends: who, what, whom, when, with what result', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    const { audit, setStatus } = rig.node.lifecycle;
    const act = { by: 'op', act: 'disable', user: ada.user };
    expect((await audit.audited(act, () => setStatus(ada.user, 'disabled'))).status).toBe('disabled');
    rig.clock.now += 1_000;
    const failing = audit.audited({ by: 'op', act: 'enable', user: ada.user }, () =>
      Promise.reject(new ParleyError('conflict', 'not now')),
    );
    await expect(failing).rejects.toMatchObject({ code: 'conflict' });
    const entries = await entriesOf(rig);
    expect(entries.map(({ by, act: done, result }) => [by, done, result])).toEqual([
      ['op', 'enable', 'failed: conflict'],
      ['op', 'enable', 'begun'],
      ['op', 'disable', 'done'],
      ['op', 'disable', 'begun'],
    ]);
    expect(new Set(entries.map((entry) => entry.subject))).toEqual(new Set([fingerprint(ada.user)]));
    expect(entries[0]?.act_id).toBe(entries[1]?.act_id);
    expect(entries[0]?.act_id).not.toBe(entries[2]?.act_id);
    expect(entries[0]?.at).toBe(new Date(rig.clock.now).toISOString());
    expect(entries.every((entry) => !textOf(entry as never).includes(ada.user))).toBe(true);
  } finally {
    await rig.close();
  }
});

test('[SEC-5] without its entry there is no act, and an entry is never written over', async () => {
  const rig = await startRig();
  try {
    const { main } = rig.tables;
    const blind = rig.startNode({ main: { ...main, put: () => Promise.reject(new Error('no')) } });
    let acted = false;
    const act = blind.lifecycle.audit.audited({ by: 'op', act: 'list' }, async () => {
      acted = true;
    });
    await expect(act).rejects.toThrow('no');
    expect(acted).toBe(false);
    await rig.node.lifecycle.audit.audited({ by: 'op', act: 'list' }, async () => undefined);
    const [entry] = await entriesOf(rig);
    if (entry === undefined) throw new Error('the act was noted');
    const again = rig.node.patterns.addAuditEntry({ ...entry, by: 'somebody else' });
    await expect(again).rejects.toMatchObject({ code: 'condition_failed' });
  } finally {
    await rig.close();
  }
});

test('[USER-5] a receipt says that and when, and nothing of whom', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada', 'Ada Lovelace');
    const bob = await rig.person('bob');
    await rig.say(ada, await rig.open(ada, ['bob']), 'hello');
    await rig.settle();
    const { lifecycle } = rig.node;
    await lifecycle.audit.audited({ by: 'op', act: 'erase', user: ada.user }, async () => {
      await lifecycle.begin({ user: ada.user });
      for (let progress = await lifecycle.advance(ada.user); progress.state === 'waits'; ) {
        rig.clock.now = progress.until;
        progress = await lifecycle.advance(ada.user);
      }
    });
    const [receipt, ...more] = (await rig.scanMain()).filter((item) => item.type === 'receipt');
    expect(more).toEqual([]);
    const { pk: _pk, sk: _sk, id, erased_at, ...counts } = receipt ?? { pk: '', sk: '' };
    expect(erased_at).toBe(new Date(rig.clock.now).toISOString());
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(counts).toEqual({
      type: 'receipt',
      keys_deleted: 1,
      conversations_left: 1,
      messages_erased: 1,
      rows_changed: 1,
    });
    expect(await entriesOf(rig)).toHaveLength(2);
    const listed: string[] = [];
    for await (const profile of lifecycle.users()) listed.push(profile.uuid);
    expect(listed).toEqual([bob.user]);
  } finally {
    await rig.close();
  }
});
