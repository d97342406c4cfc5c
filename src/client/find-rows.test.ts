import { expect, test } from 'vitest';
import type { Row } from '#protocol/shapes';
import { findRows } from './find-rows.ts';

const row = (uuid: string, more: Partial<Row>): Row => ({
  uuid,
  kind: 'direct',
  last_message: 'about Ana',
  last_message_at: '2026-01-01T00:00:00.000Z',
  last_seq: 1,
  read_seq: 1,
  unread: 0,
  muted: false,
  archived: false,
  ...more,
});
const rows = [
  row('1', { other_user_display_name: 'Ana Oça', other_user_handle: 'ana' }),
  row('2', { kind: 'group', title: 'Roof garden' }),
  row('3', { other_user_display_name: 'نور حداد', other_user_handle: 'noor' }),
];
const found = (text: string): string[] => findRows(rows, text).map(({ uuid }) => uuid);

test('conversations are found by every word of a name, a handle or a title, without capitals and marks', () => {
  expect(found('oca an')).toEqual(['1']);
  expect(found('@noor')).toEqual(['3']);
  expect(found('حداد')).toEqual(['3']);
  expect(found('GARD')).toEqual(['2']);
  expect(found('ana garden')).toEqual([]);
});

test('a blank text leaves the list as it is, the same array', () => {
  expect(findRows(rows, '  @')).toBe(rows);
});
