/**
 * A stream with a life of its own, over DynamoDB's wire protocol: shards that split and close, records that are trimmed,
 * iterators that expire. The servers that run on one machine have a single shard that does none of this.
 */
import { createServer, type IncomingMessage } from 'node:http';

export interface StandInShard {
  readonly id: string;
  readonly parent?: string;
  /** Sequence numbers, ascending. */
  readonly records: string[];
  /** Those of them that another program wrote, with a type the port has no value for. */
  readonly alien?: readonly string[];
  closed: boolean;
}

export interface StreamServer {
  readonly endpoint: string;
  readonly shards: StandInShard[];
  /** Refuses every iterator handed out so far. */
  expireIterators(): void;
  /** Forgets the records of a shard below this sequence number. */
  trim(id: string, below: string): void;
  /** How often an operation was asked for. */
  asked(operation: string): number;
  close(): Promise<void>;
}

type Reply = { readonly status: number; readonly body: object };

const ok = (body: object): Reply => ({ status: 200, body });
const refused = (name: string): Reply => ({
  status: 400,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${name}` },
});

const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/feed/stream/2026';
/** The time of a record whose sequence number ends in n seconds, in seconds since the epoch. */
export const recordTime = (sequence: string): number => 1_800_000_000 + Number(sequence.slice(-6));

const toRecord = (sequence: string, alien: boolean) => ({
  eventID: sequence,
  eventName: alien ? 'MODIFY' : 'INSERT',
  dynamodb: {
    Keys: { pk: { S: 'p' }, sk: { S: sequence } },
    ...(alien && { OldImage: { pk: { S: 'p' }, sk: { S: sequence }, counts: { NS: ['1'] } } }),
    NewImage: { pk: { S: 'p' }, sk: { S: sequence } },
    SequenceNumber: sequence,
    ApproximateCreationDateTime: recordTime(sequence),
  },
});

const readAll = async (message: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

/** @param pageSize how many shards DescribeStream gives at once */
export const startStreamServer = async (pageSize: number): Promise<StreamServer> => {
  const shards: StandInShard[] = [];
  const trimmed = new Map<string, string>();
  const counts = new Map<string, number>();
  let generation = 0;

  const find = (id: string): StandInShard | undefined => shards.find((shard) => shard.id === id);
  const kept = (shard: StandInShard): string[] => shard.records.filter((at) => at >= (trimmed.get(shard.id) ?? ''));
  // An iterator is the number of records before it, trimmed ones included.
  const iterator = (id: string, index: number): string => JSON.stringify({ id, index, generation });

  const operations: { readonly [operation: string]: (input: Record<string, string>) => Reply } = {
    DescribeTable: () => ok({ Table: { LatestStreamArn: arn } }),
    DescribeStream: ({ ExclusiveStartShardId }) => {
      const from =
        ExclusiveStartShardId === undefined ? 0 : shards.findIndex(({ id }) => id === ExclusiveStartShardId) + 1;
      const page = shards.slice(from, from + pageSize);
      const more = from + pageSize < shards.length ? { LastEvaluatedShardId: page.at(-1)?.id } : {};
      const listed = page.map(({ id, parent }) => ({ ShardId: id, ...(parent ? { ParentShardId: parent } : {}) }));
      return ok({ StreamDescription: { StreamArn: arn, Shards: listed, ...more } });
    },
    GetShardIterator: ({ ShardId = '', ShardIteratorType, SequenceNumber = '' }) => {
      const shard = find(ShardId);
      if (shard === undefined) return refused('ResourceNotFoundException');
      const first = shard.records.length - kept(shard).length;
      if (ShardIteratorType === 'LATEST') return ok({ ShardIterator: iterator(ShardId, shard.records.length) });
      if (ShardIteratorType === 'TRIM_HORIZON') return ok({ ShardIterator: iterator(ShardId, first) });
      const index = shard.records.indexOf(SequenceNumber);
      if (index < first) return refused('TrimmedDataAccessException');
      return ok({ ShardIterator: iterator(ShardId, index + 1) });
    },
    GetRecords: ({ ShardIterator = '', Limit }) => {
      const from = JSON.parse(ShardIterator) as { id: string; index: number; generation: number };
      const shard = find(from.id);
      if (shard === undefined) return refused('ResourceNotFoundException');
      if (from.generation !== generation) return refused('ExpiredIteratorException');
      if (from.index < shard.records.length - kept(shard).length) return refused('TrimmedDataAccessException');
      const records = shard.records.slice(from.index, from.index + Number(Limit));
      const index = from.index + records.length;
      const ended = shard.closed && index === shard.records.length;
      const next = ended ? {} : { NextShardIterator: iterator(from.id, index) };
      return ok({ Records: records.map((at) => toRecord(at, shard.alien?.includes(at) === true)), ...next });
    },
  };

  const server = createServer((request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    void readAll(request).then((text) => {
      const { status, body } = operations[operation]?.(JSON.parse(text)) ?? refused('UnknownOperationException');
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    shards,
    expireIterators() {
      generation += 1;
    },
    trim(id, below) {
      trimmed.set(id, below);
    },
    asked: (operation) => counts.get(operation) ?? 0,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
