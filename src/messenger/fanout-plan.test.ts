import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayRead, type Spanned, withMember, withoutMember } from '#domain/membership';
import type { EntryItem } from '#store/items';
import type { ChangeRecord, Item } from '#table/port';
import { beginPlan } from './fanout-plan.ts';

const people = ['ann', 'ben', 'cid'];
const conversation = '00000000-0000-4000-8000-000000000000';

type Act = { readonly kind: 'say' | 'join' | 'leave'; readonly who: number };

/** A log of these acts, and who was in the conversation at its end. */
const logOf = (acts: readonly Act[]): { entries: EntryItem[]; members: Spanned[] } => {
  let members: Spanned[] = people.map((user_uuid) => ({ user_uuid, spans: [{ from: 0 }] }));
  const entries = acts.map(({ kind, who }, index): EntryItem => {
    const seq = index + 1;
    const user_uuid = people[who] ?? '';
    const said = { type: 'message', message_group_uuid: conversation, seq, uuid: `${seq}`, user_uuid } as const;
    const rest = { display_name: '', handle: '', created_at: '' };
    if (kind === 'say') return { ...said, ...rest, kind: 'text', message: 'sealed' };
    members = kind === 'join' ? withMember(members, user_uuid, seq) : withoutMember(members, user_uuid, seq);
    return { ...said, ...rest, kind: 'system', members_seq: seq, membership: { members_seq: seq, members } };
  });
  return { entries, members };
};

const recordOf = (entry: EntryItem): ChangeRecord => {
  const key = { pk: `MSG#${conversation}`, sk: String(entry.seq).padStart(12, '0') };
  const after = { ...entry, ...key } as unknown as Item;
  return { position: String(entry.seq), kind: 'insert', key, before: undefined, after, at: 0 };
};

/** What a row of the member's would show, and up to where they have read by writing. */
const rowOf = (member: Spanned, entries: readonly Pick<EntryItem, 'seq' | 'user_uuid'>[]) => {
  const readable = entries.filter(({ seq }) => mayRead(member, seq)).sort((a, b) => b.seq - a.seq);
  return { shown: readable[0]?.seq, read: readable.find(({ user_uuid }) => user_uuid === member.user_uuid)?.seq };
};

const act = fc.record({
  kind: fc.constantFrom('say' as const, 'say' as const, 'say' as const, 'join' as const, 'leave' as const),
  who: fc.integer({ min: 0, max: people.length - 1 }),
});

test('[INBOX-4] of a burst few entries are held, and every row comes to the same as from all of them', () => {
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 1, maxLength: 40 }),
      fc.nat(39),
      fc.integer({ min: 1, max: 9 }),
      (acts, from, page) => {
        const { entries, members } = logOf(acts);
        const batch = entries.slice(Math.min(from, entries.length - 1));
        const plan = beginPlan();
        for (let at = 0; at < batch.length; at += page) plan.add(batch.slice(at, at + page).map(recordOf));
        const [planned] = plan.plan().conversations;
        const kept = [...(planned?.entries.values() ?? [])];
        expect(plan.size).toBe(kept.length);
        const changes = batch.filter(({ kind }) => kind === 'system').length;
        expect(kept.length).toBeLessThanOrEqual(people.length + changes);
        for (const member of members) expect(rowOf(member, kept)).toEqual(rowOf(member, batch));
      },
    ),
  );
});

test('[INBOX-4] an entry changed in the batch it came in is held as it last stands, and is no revision', () => {
  const { entries } = logOf([
    { kind: 'say', who: 0 },
    { kind: 'say', who: 0 },
  ]);
  const [first, second] = entries.map(recordOf);
  if (first === undefined || second === undefined) throw new Error('two entries, two records');
  const edit = (record: ChangeRecord): ChangeRecord => ({
    ...record,
    kind: 'modify',
    before: record.after,
    after: { ...record.key, ...record.after, message: 'edited' },
  });
  const plan = beginPlan();
  plan.add([first, second, edit(first), edit(second)]);
  const [planned] = plan.plan().conversations;
  expect([...(planned?.entries.values() ?? [])].map(({ seq, whole }) => [seq, whole.message])).toEqual([[2, 'edited']]);
  expect(planned?.revised.size).toBe(0);
  expect([...(planned?.changed ?? [])]).toEqual([1, 2]);
});

test('[INBOX-4] of an entry that can be read again only its place is held, and it is read once, when its rows are written', () => {
  const { entries } = logOf([
    { kind: 'say', who: 0 },
    { kind: 'join', who: 1 },
  ]);
  let reads = 0;
  const kept = entries.map((entry): ChangeRecord => {
    const record = recordOf(entry);
    const { after } = record;
    if (after === undefined) throw new Error('an entry that is new');
    const read = (): Item => {
      reads += 1;
      return after;
    };
    return { ...record, keep: () => ({ read }) };
  });
  const plan = beginPlan();
  plan.add(kept);
  const [planned] = plan.plan().conversations;
  const [said, joined] = [...(planned?.entries.values() ?? [])];
  expect(JSON.stringify(said)).not.toContain('sealed');
  // What decides whose rows an entry reaches is at hand.
  expect(joined).toMatchObject({ seq: 2, user_uuid: 'ben', members_seq: 2, membership: entries[1]?.membership });
  expect(reads).toBe(0);
  expect(said?.whole.message).toBe('sealed');
  expect(said?.whole).toMatchObject({ ...entries[0] });
  expect(reads).toBe(1);
});
