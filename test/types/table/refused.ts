/**
 * What must not compile (BOUND-1 to 3), a mark over each. Every mark is tried both ways by `boundaries.test.ts`: with it the
 * file compiles; without it, it does not.
 */
import type { Changes, PutRequest, QueryRequest, UpdateRequest } from '#table/port';

export const refused = (takes: {
  query(q: QueryRequest): void;
  update(u: UpdateRequest): void;
  put(p: PutRequest): void;
}) => {
  const key = { pk: 'a', sk: 'b' };

  // @ts-expect-error [BOUND-1] a query names a partition
  takes.query({});
  // @ts-expect-error [BOUND-1] a range of the sort key does without a partition as little
  takes.query({ sk: ['=', 'b'] });
  // @ts-expect-error [BOUND-1] a partition is named by equality alone
  takes.query({ pk: ['begins_with', 'a'] });
  // @ts-expect-error [BOUND-1] one partition, not several
  takes.query({ pk: ['a', 'b'] });
  // @ts-expect-error [BOUND-1] a query of an index names the index's partition
  takes.query({ index: 'inbox' });
  // @ts-expect-error [BOUND-1] the table's partition is not the index's
  takes.query({ index: 'inbox', pk: 'a' });
  // @ts-expect-error [BOUND-1] there is no such index
  takes.query({ index: 'by_author', author: 'a' });

  // @ts-expect-error [BOUND-2] a range is for the sort key, not for another attribute
  takes.query({ pk: 'a', created_at: ['>', '2026'] });
  // @ts-expect-error [BOUND-2] the table's sort key is none of the index's
  takes.query({ index: 'inbox', inbox: 'a', sk: ['=', 'b'] });
  // @ts-expect-error [BOUND-2] the index's sort key is none of the table's
  takes.query({ pk: 'a', last_message_at: ['>', '2026'] });
  // @ts-expect-error [BOUND-2] one range, not two
  takes.query({ pk: 'a', sk: ['>', 'a', '<', 'b'] });
  // @ts-expect-error [BOUND-2] a sort key has no `contains`
  takes.query({ pk: 'a', sk: ['contains', 'b'] });
  // @ts-expect-error [BOUND-2] nor `<>`
  takes.query({ pk: 'a', sk: ['<>', 'b'] });
  // @ts-expect-error [BOUND-2] `between` has two ends
  takes.query({ pk: 'a', sk: ['between', 'b'] });
  // @ts-expect-error [BOUND-2] keys are strings
  takes.query({ pk: 'a', sk: ['>', 5] });
  // @ts-expect-error [BOUND-2] a query has no filter
  takes.query({ pk: 'a', filter: { attribute: 'x', is: 'present' } });
  // @ts-expect-error [BOUND-2] an index is never read consistently
  takes.query({ index: 'inbox', inbox: 'a', consistent: true });

  // @ts-expect-error [BOUND-3] an update does not set the partition key
  takes.update({ key, changes: { set: { pk: 'other' } } });
  // @ts-expect-error [BOUND-3] nor the sort key
  takes.update({ key, changes: { set: { sk: 'other', title: 'x' } } });
  // @ts-expect-error [BOUND-3] nor where it were absent
  takes.update({ key, changes: { setIfAbsent: { sk: 'other' } } });
  // @ts-expect-error [BOUND-3] nor by adding
  takes.update({ key, changes: { add: { pk: 1 } } });
  // @ts-expect-error [BOUND-3] nor by taking out
  takes.update({ key, changes: { deleteFrom: { sk: new Set(['a']) } } });
  // @ts-expect-error [BOUND-3] nor by removing
  takes.update({ key, changes: { remove: { pk: true } } });
  // @ts-expect-error [BOUND-3] nor out of an item read before
  takes.update({ key, changes: { set: key } });

  // @ts-expect-error [BOUND-3] an item has both parts of its key
  takes.put({ item: { pk: 'a', title: 'x' } });
  // @ts-expect-error [BOUND-3] only numbers and sets are added
  const changes: Changes = { add: { title: 'x' } };
  return changes;
};
