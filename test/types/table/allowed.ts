/** What the port lets one write: the other half of `refused.ts`, so that a port which refuses everything fails, too. */
import type { QueryRequest, UpdateRequest } from '#table/port';

export const queries: readonly QueryRequest[] = [
  { pk: 'MSG#c' },
  { pk: 'MSG#c', sk: ['<', '000000000009'], limit: 20, ascending: true, consistent: true },
  { pk: 'MSG#c', sk: ['between', '1', '2'], start: { pk: 'MSG#c', sk: '1' } },
  { pk: 'USR#u', sk: ['begins_with', 'GRP#'] },
  { index: 'inbox', inbox: 'USR#u' },
  { index: 'inbox', inbox: 'USR#u', last_message_at: ['>=', '2026'], limit: 20 },
];

export const update: UpdateRequest = {
  key: { pk: 'USR#u', sk: 'GRP#c' },
  changes: {
    set: { last_seq: 5, last_message: 'text' },
    setIfAbsent: { read_seq: 0 },
    add: { rev: 1, tags: new Set(['a']) },
    deleteFrom: { tags: new Set(['b']) },
    remove: { muted: true },
  },
  condition: {
    any: [
      { attribute: 'last_seq', is: 'absent' },
      { attribute: 'last_seq', is: '<', value: 5 },
    ],
  },
};
