/**
 * The course's design, rebuilt from its description as faithfully as we can: a message is put under its time; a stream consumer
 * asks the group index for both participants' rows, and deletes and puts each under the new time; rows are listed by user and
 * year. Nothing is conditional, and who asks is not compared with who takes part.
 */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { type Person, peopleOf } from '../../harness/world.ts';
import type { Design, DesignNode, StartDesign } from '../design.ts';
import { startDynoxide } from '../dynoxide.ts';
import { type MeteredClient, meteredClient } from '../metered.ts';
import { openStream, type StreamRecord } from '../stream.ts';

const table = 'cruddur-messages';
const groupIndex = 'message-group-sk-index';

const createTable = new CreateTableCommand({
  TableName: table,
  AttributeDefinitions: [
    { AttributeName: 'message_group_uuid', AttributeType: 'S' },
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: groupIndex,
      KeySchema: [
        { AttributeName: 'message_group_uuid', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
});

type Attributes = Record<string, AttributeValue>;

/** Python's `isoformat()` in UTC: microseconds, and an offset in place of `Z`. */
const isoTime = (ms: number): string => {
  const micros = Math.floor((ms % 1) * 1_000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}+00:00`;
};

const messageItem = (group: string, author: Person, text: string, at: string): Attributes => ({
  pk: { S: `MSG#${group}` },
  sk: { S: at },
  message: { S: text },
  message_uuid: { S: randomUUID() },
  user_uuid: { S: author.uuid },
  user_display_name: { S: author.display_name },
  user_handle: { S: author.handle },
});

const rowItem = (group: string, me: Person, other: Person, text: string, at: string): Attributes => ({
  pk: { S: `GRP#${me.uuid}` },
  sk: { S: at },
  message_group_uuid: { S: group },
  message: { S: text },
  user_uuid: { S: other.uuid },
  user_display_name: { S: other.display_name },
  user_handle: { S: other.handle },
});

const textOf = (item: Attributes, name: string): string => item[name]?.S ?? '';

const node = ({ client, meter }: MeteredClient, now: () => number): DesignNode => {
  /** Twenty, newest first, of this year: the sort key is asked by the year's digits. */
  const newest = async (pk: string): Promise<readonly Attributes[]> => {
    const answer = await client.send(
      new QueryCommand({
        TableName: table,
        ScanIndexForward: false,
        Limit: 20,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :year)',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':year': { S: String(new Date(now()).getUTCFullYear()) } },
      }),
    );
    return answer.Items ?? [];
  };
  return {
    meter,
    open: async (me, other) => {
      const group = randomUUID();
      const at = isoTime(now());
      const items = [rowItem(group, me, other, '', at), rowItem(group, other, me, '', at)];
      const writes = items.map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: writes } }));
      return group;
    },
    send: async (author, group, text) => {
      await client.send(
        new PutItemCommand({ TableName: table, Item: messageItem(group, author, text, isoTime(now())) }),
      );
    },
    page: async (_reader, group) => (await newest(`MSG#${group}`)).map((item) => textOf(item, 'message')),
    inbox: async (reader) =>
      (await newest(`GRP#${reader.uuid}`)).map((item) => ({
        conversation: textOf(item, 'message_group_uuid'),
        last: textOf(item, 'message'),
      })),
  };
};

/** The consumer: for each new message, every row of its group is deleted and put under the message's time. */
const applyRecords = async ({ client }: MeteredClient, records: readonly StreamRecord[]): Promise<void> => {
  for (const record of records) {
    const message = record.dynamodb?.NewImage as Attributes | undefined;
    if (record.eventName !== 'INSERT' || message === undefined || !textOf(message, 'pk').startsWith('MSG#')) continue;
    const group = textOf(message, 'pk').slice('MSG#'.length);
    const rows = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: groupIndex,
        KeyConditionExpression: 'message_group_uuid = :group',
        ExpressionAttributeValues: { ':group': { S: group } },
      }),
    );
    for (const row of rows.Items ?? []) {
      const { pk, sk } = row;
      if (pk === undefined || sk === undefined) continue;
      await client.send(new DeleteItemCommand({ TableName: table, Key: { pk, sk } }));
      const Item = { ...row, sk: { S: textOf(message, 'sk') }, message: { S: textOf(message, 'message') } };
      await client.send(new PutItemCommand({ TableName: table, Item }));
    }
  }
};

export const startCourse: StartDesign = async () => {
  const server = await startDynoxide();
  if ('skipped' in server) return server;
  const consumer = meteredClient(server.endpoint);
  await consumer.client.send(createTable);
  let stream = await openStream(server.endpoint, consumer.client, table);
  const clients: MeteredClient[] = [consumer];
  let failed: readonly StreamRecord[] = [];
  const design: Design = {
    name: 'course',
    versions: { dynoxide: server.version },
    node: (now) => {
      const metered = meteredClient(server.endpoint);
      clients.push(metered);
      return node(metered, now);
    },
    fanOut: async (fault = {}) => {
      const records = failed.length > 0 ? failed : await stream.next();
      failed = records;
      consumer.fault = fault.crashAfterWrites === undefined ? undefined : { writesLeft: fault.crashAfterWrites };
      try {
        await applyRecords(consumer, fault.reversed === true ? records.toReversed() : records);
      } finally {
        consumer.fault = undefined;
      }
      failed = [];
      return records.length;
    },
    fanOutMeter: consumer.meter,
    load: async (world) => {
      const begin = Date.now() - world.messagesEach * 1_000;
      for (const [n, pair] of world.pairs.entries()) {
        const [a, b] = peopleOf(world, pair);
        const items = Array.from({ length: world.messagesEach }, (_, m) =>
          messageItem(pair.uuid, m % 2 === 0 ? a : b, world.text(m), isoTime(begin + m * 1_000 + n / 1_000)),
        );
        // Rows of one user must differ in time, or one replaces the other: the pair's number makes them differ.
        const at = isoTime(begin + world.messagesEach * 1_000 + n / 1_000 - 1);
        const text = world.text(world.messagesEach - 1);
        items.push(rowItem(pair.uuid, a, b, text, at), rowItem(pair.uuid, b, a, text, at));
        for (let from = 0; from < items.length; from += 25) {
          const writes = items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
          await consumer.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: writes } }));
        }
      }
      stream.close();
      stream = await openStream(server.endpoint, consumer.client, table);
      return world.pairs.map((pair) => pair.uuid);
    },
    processes: [server.pid],
    close: async () => {
      stream.close();
      for (const { client } of clients) client.destroy();
      await server.stop();
    },
  };
  return design;
};
