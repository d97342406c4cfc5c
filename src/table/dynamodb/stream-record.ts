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

/** A record whose place is known and whose images are not: whoever needs them is told why. */
const unreadable = (known: Omit<ChangeRecord, 'before' | 'after'>, fault: unknown): ChangeRecord => ({
  ...known,
  get before(): never {
    throw fault;
  },
  get after(): never {
    throw fault;
  },
});

/** The record in the port's terms. Where its images cannot be decoded, they throw `invalid` when they are asked for. */
export const changeOf = ({ eventName, dynamodb }: StreamRecord): ChangeRecord => {
  const known = {
    position: dynamodb.SequenceNumber,
    kind: kinds[eventName],
    key: decodeItem(dynamodb.Keys) satisfies Key,
    at: (dynamodb.ApproximateCreationDateTime ?? 0) * 1_000,
  };
  try {
    return { ...known, before: image(dynamodb.OldImage), after: image(dynamodb.NewImage) };
  } catch (error) {
    return unreadable(known, error);
  }
};
