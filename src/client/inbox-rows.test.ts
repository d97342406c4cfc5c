import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Message, Row } from '#protocol/shapes';
import { byNewest, createInboxRows, settleMs } from './inbox-rows.ts';

const base: Row = {
  uuid: 'c1',
  kind: 'direct',
  last_message: 'five',
  last_message_at: '2026-01-01T00:00:05.000Z',
  last_seq: 5,
  read_seq: 3,
  unread: 2,
  muted: false,
  archived: false,
};

describe('[INBOX-3] a row never goes back', () => {
  test('a late event with a lower last_seq changes nothing at all', () => {
    const rows = createInboxRows(() => undefined);
    rows.event(base, 0);
    expect(rows.event({ ...base, last_seq: 4, last_message: 'four', read_seq: 9, muted: true }, 60_000)).toBe(false);
    expect(rows.get('c1')).toEqual(base);
  });

  test('[INBOX-7] a read mark that would fall soon after mine rose is doubtful; after a while it is believed', () => {
    const rows = createInboxRows(() => undefined);
    rows.event(base, 0);
    rows.mark('c1', { read_seq: 5 }, 1_000);
    expect(rows.event(base, 2_000)).toBe(true);
    expect(rows.get('c1')).toMatchObject({ read_seq: 5, unread: 0 });
    expect(rows.page('inbox', { rows: [base], isLast: true, askedAtMs: 1_000 + settleMs })).toBe(false);
    expect(rows.get('c1')).toMatchObject({ read_seq: 3, unread: 2 });
  });

  test('a page asked for before a change does not undo it', () => {
    const rows = createInboxRows(() => undefined);
    rows.event(base, 0);
    rows.mark('c1', { archived: true }, 10_000);
    expect(rows.page('inbox', { rows: [base], isLast: true, askedAtMs: 9_000 })).toBe(true);
    expect(rows.folder('inbox')).toEqual([]);
    expect(rows.folder('archive').map((row) => row.uuid)).toEqual(['c1']);
  });
});

test('[INBOX-6] an edit of the newest message shows, of an older one does not', () => {
  const rows = createInboxRows(() => undefined);
  rows.event(base, 0);
  const message = {
    uuid: 'm',
    message_group_uuid: 'c1',
    kind: 'text' as const,
    user_uuid: 'u',
    handle: 'h',
    display_name: 'd',
    created_at: base.last_message_at,
    edited_at: '2026-01-02T00:00:00.000Z',
  };
  rows.message({ ...message, seq: 4, message: 'edited' }, false, 1);
  expect(rows.get('c1')?.last_message).toBe('five');
  rows.message({ ...message, seq: 5, message: 'edited' }, false, 1);
  expect(rows.get('c1')?.last_message).toBe('edited');
});

test('[SEC-3] a row says that its last message cannot be read until another one is the last', () => {
  const rows = createInboxRows(() => undefined);
  rows.event({ ...base, last_message: '', unreadable: 'changed' }, 0);
  const next = { uuid: 'm6', seq: 6, message_group_uuid: 'c1', kind: 'text', user_uuid: 'u2', handle: 'ben' } as const;
  const created_at = '2026-01-01T00:00:06.000Z';
  rows.message({ ...next, display_name: 'Ben', created_at, message: 'six' }, false, 1_000);
  expect(rows.get('c1')).toMatchObject({ last_message: 'six', last_seq: 6 });
  expect(rows.get('c1')).not.toHaveProperty('unreadable');
  rows.message({ ...next, seq: 7, display_name: 'Ben', created_at, unreadable: 'changed' }, false, 2_000);
  expect(rows.get('c1')).toMatchObject({ last_message: '', unreadable: 'changed' });
});

test('[INBOX-2] a message of mine is never unread, one of another is; [CONV-3] it brings an archived row back', () => {
  const rows = createInboxRows(() => undefined);
  rows.event({ ...base, archived: true, read_seq: 5, unread: 0 }, 0);
  const message = {
    uuid: 'm',
    message_group_uuid: 'c1',
    kind: 'text' as const,
    user_uuid: 'u',
    handle: 'h',
    display_name: 'd',
    message: 'new',
  };
  rows.message({ ...message, seq: 6, created_at: '2026-01-01T00:00:06.000Z' }, false, 1);
  expect(rows.folder('inbox')[0]).toMatchObject({ last_seq: 6, unread: 1, last_message: 'new' });
  rows.message({ ...message, seq: 7, created_at: '2026-01-01T00:00:07.000Z' }, true, 1);
  expect(rows.folder('inbox')[0]).toMatchObject({ last_seq: 7, unread: 0 });
  expect(rows.folder('archive')).toEqual([]);
});

test('a conversation that a page no longer lists has left the folder', () => {
  const rows = createInboxRows(() => undefined);
  const older = { ...base, uuid: 'c2', last_message_at: '2026-01-01T00:00:04.000Z' };
  const oldest = { ...base, uuid: 'c3', last_message_at: '2026-01-01T00:00:03.000Z' };
  rows.page('inbox', { rows: [base, older, oldest], isLast: true, askedAtMs: 0 });
  rows.page('inbox', { rows: [base, oldest], isLast: false, askedAtMs: settleMs });
  expect(rows.folder('inbox').map((row) => row.uuid)).toEqual(['c1', 'c3']);
});

test('[INBOX-1] in whatever order events come, the list is newest first, each once, at its highest last_seq', () => {
  const event = fc.record({
    uuid: fc.constantFrom('a', 'b', 'c', 'd'),
    seq: fc.integer({ min: 1, max: 40 }),
    archived: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const rows = createInboxRows(() => undefined);
      const highest = new Map<string, number>();
      for (const [index, { uuid, seq, archived }] of events.entries()) {
        const last_message_at = `2026-01-01T00:00:${String(seq).padStart(2, '0')}.000Z`;
        rows.event({ ...base, uuid, last_seq: seq, last_message_at, archived }, index * settleMs);
        highest.set(uuid, Math.max(seq, highest.get(uuid) ?? 0));
      }
      const shown = [...rows.folder('inbox'), ...rows.folder('archive')];
      expect(new Map(shown.map((row) => [row.uuid, row.last_seq]))).toEqual(highest);
      expect(shown.length).toBe(highest.size);
      for (const folder of ['inbox', 'archive'] as const) {
        expect(rows.folder(folder)).toEqual([...rows.folder(folder)].sort(byNewest));
      }
    }),
  );
});

test('[INBOX-2] what is unread in all rows together is the sum over the rows, whatever happened to them', () => {
  const uuids = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ act: fc.constant('event'), uuid: uuids, seq: fc.integer({ min: 1, max: 40 }), muted: fc.boolean() }),
    fc.record({ act: fc.constant('mark'), uuid: uuids, seq: fc.integer({ min: 0, max: 40 }), muted: fc.boolean() }),
    fc.record({ act: fc.constant('archive'), uuid: uuids, seq: fc.constant(0), muted: fc.boolean() }),
    fc.record({ act: fc.constant('page'), uuid: uuids, seq: fc.integer({ min: 1, max: 40 }), muted: fc.boolean() }),
    fc.record({ act: fc.constant('cut'), uuid: uuids, seq: fc.constant(0), muted: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rows = createInboxRows(() => undefined);
      for (const [index, { act, uuid, seq, muted }] of steps.entries()) {
        const last_message_at = `2026-01-01T00:00:${String(seq).padStart(2, '0')}.000Z`;
        const read_seq = Math.min(3, seq);
        const row = { ...base, uuid, last_seq: seq, last_message_at, muted, read_seq, unread: seq - read_seq };
        const known = rows.get(uuid);
        if (act === 'event') rows.event(row, index * settleMs);
        else if (act === 'mark') rows.mark(uuid, { read_seq: seq, muted }, index * settleMs);
        else if (act === 'archive') rows.mark(uuid, { archived: muted }, index * settleMs);
        else if (act === 'page') rows.page('inbox', { rows: [row], isLast: true, askedAtMs: index * settleMs });
        else if (known !== undefined && !known.archived) rows.cut('inbox', known);
      }
      const loud = rows.folder('inbox').filter(({ unread, muted }) => unread > 0 && !muted);
      expect(rows.unread).toEqual({
        messages: loud.reduce((sum, { unread }) => sum + unread, 0),
        conversations: loud.length,
      });
    }),
  );
});

describe('[INBOX-3] a late copy of an old row undoes nothing', () => {
  const nowMs = 1_000_000;
  const listed = () => {
    const rows = createInboxRows(() => undefined);
    rows.page('inbox', { rows: [base], isLast: true, askedAtMs: 0 });
    return rows;
  };
  const late = { rows: [base], isLast: true, askedAtMs: nowMs - 100 };
  const last: Message & { rev?: number } = {
    uuid: 'm5',
    seq: 5,
    message_group_uuid: 'c1',
    kind: 'text',
    user_uuid: 'u',
    handle: 'h',
    display_name: 'd',
    message: 'five',
    created_at: base.last_message_at,
  };
  const edited = (message: string, rev: number) => ({
    ...last,
    message,
    rev,
    edited_at: `2026-01-02T00:00:0${rev}.000Z`,
  });
  const mine = { ...last, uuid: 'm6', seq: 6, message: 'six', created_at: '2026-01-01T00:00:06.000Z' };

  test.each([
    ['archived elsewhere', { archived: true }],
    ['muted elsewhere', { muted: true }],
    ['[INBOX-7] marked unread elsewhere', { read_seq: 1, unread: 4 }],
    ['[INBOX-7] read elsewhere', { read_seq: 5, unread: 0 }],
    ['[USER-5] the other one has another name, or none any more', { other_user_display_name: 'Somebody who left' }],
  ])('%s: a page that was asked for before the event', (_, change: Partial<Row>) => {
    const rows = listed();
    rows.event({ ...base, ...change }, nowMs);
    expect(rows.page('inbox', late)).toBe(true);
    expect(rows.get('c1')).toMatchObject(change);
  });

  test('[INBOX-6] the last message was edited: such a page, and an older version of it', () => {
    const rows = listed();
    rows.message(edited('second', 2), false, nowMs);
    rows.message(edited('first', 1), false, nowMs);
    expect(rows.page('inbox', late)).toBe(true);
    expect(rows.get('c1')?.last_message).toBe('second');
  });

  test('[INBOX-2] the answer to a read mark comes after my own next message, or after an edit', () => {
    const rows = listed();
    rows.mark('c1', { read_seq: 5 }, nowMs);
    rows.message(edited('edited', 1), false, nowMs + 1);
    rows.answer({ ...base, read_seq: 5, unread: 0 }, nowMs, nowMs + 2);
    expect(rows.get('c1')).toMatchObject({ last_message: 'edited', unread: 0 });
    rows.message(mine, true, nowMs + 3);
    expect(rows.answer({ ...base, read_seq: 5, unread: 0 }, nowMs, nowMs + 4)).toBe(true);
    expect(rows.get('c1')).toMatchObject({ last_seq: 6, unread: 0 });
  });

  test('a clock that was set back does not make every row doubtful until it has caught up', () => {
    const rows = listed();
    rows.mark('c1', { read_seq: 5 }, nowMs + 3_600_000);
    expect(rows.page('inbox', { rows: [base], isLast: true, askedAtMs: nowMs })).toBe(false);
    expect(rows.get('c1')?.read_seq).toBe(3);
  });
});
