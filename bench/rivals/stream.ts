/** The change stream of a local table, in the order it gives records; one shard, as local servers have. */
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type _Record as StreamRecord,
} from '@aws-sdk/client-dynamodb-streams';
import { clientSettings } from './dynoxide.ts';

export interface Stream {
  /** What came since the last call; empty when nothing did. */
  next(): Promise<readonly StreamRecord[]>;
  close(): void;
}

export type { StreamRecord };

/** Begins with what is written from now on. */
export const openStream = async (endpoint: string, client: DynamoDBClient, table: string): Promise<Stream> => {
  const described = await client.send(new DescribeTableCommand({ TableName: table }));
  const arn = described.Table?.LatestStreamArn;
  const streams = new DynamoDBStreamsClient(clientSettings(endpoint));
  const stream = await streams.send(new DescribeStreamCommand({ StreamArn: arn }));
  const shard = stream.StreamDescription?.Shards?.[0]?.ShardId;
  const start = await streams.send(
    new GetShardIteratorCommand({ StreamArn: arn, ShardId: shard, ShardIteratorType: 'LATEST' }),
  );
  let iterator = start.ShardIterator;
  return {
    next: async () => {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 100 }));
      iterator = page.NextShardIterator;
      return page.Records ?? [];
    },
    close: () => streams.destroy(),
  };
};
