/** A record of a DynamoDB stream, as `GetRecords` answers it and as a function behind the stream is given it. */
import type { ChangeRecord, Item, Key } from '../port.ts';
import { type AttributeMap, decodeItem } from './codec.ts';

const kinds = { INSERT: 'insert', MODIFY: 'modify', REMOVE: 'remove' } as const;

export interface StreamRecord {
  readonly eventName: keyof typeof kinds;
  readonly dynamodb: {
    readonly Keys: AttributeMap;
    readonly OldImage?: AttributeMap;
    readonly NewImage?: AttributeMap;
    readonly SequenceNumber: string;
    /** Seconds since the epoch. */
    readonly ApproximateCreationDateTime?: number;
  };
}

const image = (map: AttributeMap | undefined): Item | undefined => (map === undefined ? undefined : decodeItem(map));

/** The record in the port's terms; throws `invalid` for an item that another program wrote and the port has no value for. */
export const changeOf = ({ eventName, dynamodb }: StreamRecord): ChangeRecord => ({
  position: dynamodb.SequenceNumber,
  kind: kinds[eventName],
  key: decodeItem(dynamodb.Keys) satisfies Key,
  before: image(dynamodb.OldImage),
  after: image(dynamodb.NewImage),
  at: (dynamodb.ApproximateCreationDateTime ?? 0) * 1_000,
});
