/** [LIVE-2] Pages come long after they were asked for, and in any order: what is newer stays. */
import { describe, expect, test } from 'vitest';
import type { Message } from '#protocol/shapes';
import { createLogView, type LogView, type Page, type Window } from './log-view.ts';
import { messageOfSeq } from './message-list.ts';
import type { Versioned } from './version.ts';

const at = (seq: number, change: Partial<Versioned> = {}): Message => ({
  uuid: `019b76da-bfcf-7c62-a271-${String(seq).padStart(12, '0')}`,
  seq,
  message_group_uuid: '00000001-0000-5000-8000-000000000000',
  kind: 'text',
  user_uuid: '0000000a-0000-4000-8000-000000000000',
  handle: 'ada',
  display_name: 'Ada',
  message: `text ${seq}`,
  created_at: '2026-01-01T00:00:00.000Z',
  ...change,
});
const edited = (seq: number, rev = 1): Message => at(seq, { message: `text ${seq}, edited ${rev}`, rev });
const span = (from: number, to: number): Message[] => Array.from({ length: to - from + 1 }, (_, n) => at(from + n));
const page = (messages: readonly Message[], askedAt: number): Page => ({
  messages,
  hasMore: (messages[0]?.seq ?? 1) > 1,
  askedAt,
});
const textOf = (window: Window | undefined, seq: number): string | undefined =>
  window === undefined ? undefined : messageOfSeq(window.list, seq)?.message;

/** What the windows have at a seq. */
const shows = (view: LogView, seq: number): (string | undefined)[] =>
  [view.newest, view.away].flatMap((window) => textOf(window, seq) ?? []);

describe('[LIVE-2] a page that is older than what is known', () => {
  test('a jump is answered before the newest page: what it leads to changes with the events', () => {
    const view = createLogView();
    view.jumpedTo(page([at(1), at(2), at(3)], 0));
    view.receive(edited(2));
    expect(shows(view, 2)).toEqual(['text 2, edited 1']);
  });

  test('a jump leads to a newer version of what an event brought beyond the gap', () => {
    const view = createLogView();
    view.receive(at(2));
    view.jumpedTo(page([at(1), edited(2)], 1));
    view.leaveAway();
    view.newestPage(page([at(1), at(2)], 1));
    expect(shows(view, 2)).toEqual(['text 2, edited 1']);
  });

  test('a jump led to the edited message first, and the newest page comes after it, asked for before the edit', () => {
    const view = createLogView();
    view.jumpedTo(page([at(1), edited(2), at(3)], 0));
    view.newestPage(page([at(1), at(2), at(3)], 0));
    expect(shows(view, 2)).toEqual(['text 2, edited 1']);
  });

  test('the same when the reader has left the window that the jump led to', () => {
    const view = createLogView();
    view.jumpedTo(page([at(1), edited(2), at(3)], 0));
    view.leaveAway();
    view.newestPage(page([at(1), at(2), at(3)], 0));
    expect(shows(view, 2)).toEqual(['text 2, edited 1']);
  });

  test('a second jump’s page takes the place of the first’s', () => {
    const view = createLogView();
    view.newestPage(page(span(200, 210), 0));
    view.jumpedTo(page([at(51), edited(52)], 0));
    view.jumpedTo(page(span(50, 60), 0));
    expect(shows(view, 52)).toEqual(['text 52, edited 1']);
  });

  test('an event tells of a message that no window has, while the page with it is under way', () => {
    const view = createLogView();
    view.newestPage(page(span(101, 150), 0));
    const askedAt = view.moment();
    view.receive(edited(60));
    view.pageBefore(101, page(span(51, 100), askedAt));
    expect(shows(view, 60)).toEqual(['text 60, edited 1']);
  });

  test('of more changed messages than are remembered, the page is asked for once more', () => {
    const view = createLogView();
    view.newestPage(page(span(901, 950), 0));
    const askedAt = view.moment();
    for (let seq = 1; seq <= 600; seq += 1) view.receive(edited(seq));
    view.pageBefore(901, page([...span(1, 50), ...span(851, 900)], askedAt));
    expect(view.doubtful.has(1)).toBe(true);
    view.repairPage(
      page(
        Array.from({ length: 50 }, (_, n) => edited(n + 1)),
        view.moment(),
      ),
    );
    expect(shows(view, 1)).toEqual(['text 1, edited 1']);
    expect(view.doubtful.has(1)).toBe(false);
  });
});

describe('[LIVE-2] a page that is newer than what is known', () => {
  test('two windows meet, and the page that joins them brings an edit that only one of them can have', () => {
    const view = createLogView();
    view.newestPage(page(span(60, 70), 0));
    view.jumpedTo(page(span(40, 55), 0));
    view.pageAfter(55, page([...span(56, 61), edited(62), at(63)], view.moment()));
    expect(view.away).toBeUndefined();
    expect(view.newest).toMatchObject({ from: 40, to: 70 });
    expect(shows(view, 62)).toEqual(['text 62, edited 1']);
  });

  test('an event waits beyond a gap, and the page that closes it has what came after the event', () => {
    const view = createLogView();
    view.newestPage(page(span(1, 10), 0));
    view.receive(at(13));
    view.pageAfter(10, page([at(11), at(12), edited(13)], view.moment()));
    expect(shows(view, 13)).toEqual(['text 13, edited 1']);
    expect(view.ahead.size).toBe(0);
  });
});
