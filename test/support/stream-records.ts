/** Changes of a table as Lambda delivers them from its stream, and the filters it applies before. */
import type { StreamFilter } from '#store/stream-filters';
import { encodeItem } from '#table/dynamodb/codec';
import type { StreamRecord } from '#table/dynamodb/stream-record';
import type { ChangeRecord } from '#table/port';

/** A record as Lambda would deliver it. */
export const streamRecord = ({ kind, key, before, after, position }: ChangeRecord): StreamRecord => ({
  eventName: kind === 'insert' ? 'INSERT' : kind === 'modify' ? 'MODIFY' : 'REMOVE',
  dynamodb: {
    Keys: encodeItem({ ...key }),
    ...(before && { OldImage: encodeItem(before) }),
    ...(after && { NewImage: encodeItem(after) }),
    SequenceNumber: position,
    ApproximateCreationDateTime: 1,
  },
});

/** Whether a filter lets a record through. */
export const passes = (filter: StreamFilter, record: StreamRecord): boolean =>
  filter.eventName.includes(record.eventName) &&
  Object.entries(filter.dynamodb.Keys).every(([name, { S: wanted }]) => {
    const value = record.dynamodb.Keys[name];
    const text = value !== undefined && 'S' in value ? value.S : '';
    return wanted.some((one) => (typeof one === 'string' ? text === one : text.startsWith(one.prefix)));
  });
