/**
 * The design that textbooks recommend: message, conversation's counter and both inbox rows in one transaction. Inboxes are
 * current when a send answers; every item is written twice over (the price of a transaction), and sends to one conversation
 * refuse each other.
 */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { type Person, peopleOf } from '../../harness/world.ts';
import type { Design, DesignNode, StartDesign } from '../design.ts';
import { startDynoxide } from '../dynoxide.ts';
import { type MeteredClient, meteredClient, nothing } from '../metered.ts';

const table = 'transactional';

const createTable = new CreateTableCommand({
  TableName: table,
  AttributeDefinitions: ['pk', 'sk', 'inbox', 'last_message_at'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S' as const,
  })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'inbox',
      KeySchema: [
        { AttributeName: 'inbox', KeyType: 'HASH' },
        { AttributeName: 'last_message_at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
});

type Attributes = Record<string, AttributeValue>;

const seqKey = (seq: number): string => String(seq).padStart(12, '0');
const counterKey = (conversation: string): Attributes => ({ pk: { S: `CNV#${conversation}` }, sk: { S: 'COUNTER' } });

const messageItem = (conversation: string, seq: number, author: Person, text: string, at: string): Attributes => ({
  pk: { S: `MSG#${conversation}` },
  sk: { S: seqKey(seq) },
  uuid: { S: randomUUID() },
  message: { S: text },
  user_uuid: { S: author.uuid },
  display_name: { S: author.display_name },
  handle: { S: author.handle },
  created_at: { S: at },
});

const rowItem = (conversation: string, me: Person, other: Person, text: string, at: string): Attributes => ({
  pk: { S: `USR#${me.uuid}` },
  sk: { S: `GRP#${conversation}` },
  inbox: { S: `USR#${me.uuid}` },
  message_group_uuid: { S: conversation },
  other_user_uuid: { S: other.uuid },
  other_user_display_name: { S: other.display_name },
  other_user_handle: { S: other.handle },
  last_message: { S: text },
  last_message_at: { S: at },
});

const counterItem = (conversation: string, people: readonly [Person, Person], seq: number): Attributes => ({
  ...counterKey(conversation),
  last_seq: { N: String(seq) },
  participants: { SS: people.map((one) => one.uuid) },
});

/** As long as a caller would wait: each try loses to at least one send that won. */
const triesMax = 200;

const node = ({ client, meter }: MeteredClient, now: () => number): DesignNode => {
  const isoNow = (): string => new Date(now()).toISOString();
  const counterOf = async (conversation: string) => {
    const answer = await client.send(
      new GetItemCommand({ TableName: table, Key: counterKey(conversation), ConsistentRead: true }),
    );
    return { seq: Number(answer.Item?.last_seq?.N ?? -1), participants: answer.Item?.participants?.SS ?? [] };
  };
  const write = async (author: Person, conversation: string, text: string): Promise<boolean> => {
    const { seq, participants } = await counterOf(conversation);
    if (!participants.includes(author.uuid)) throw new Error('not a participant');
    const at = isoNow();
    const rows = participants.map((user) => ({
      Update: {
        TableName: table,
        Key: { pk: { S: `USR#${user}` }, sk: { S: `GRP#${conversation}` } },
        UpdateExpression: 'SET last_message = :text, last_message_at = :at',
        ExpressionAttributeValues: { ':text': { S: text }, ':at': { S: at } },
      },
    }));
    try {
      await client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: table, Item: messageItem(conversation, seq + 1, author, text, at) } },
            {
              Update: {
                TableName: table,
                Key: counterKey(conversation),
                UpdateExpression: 'SET last_seq = :next',
                ConditionExpression: 'last_seq = :seq',
                ExpressionAttributeValues: { ':next': { N: String(seq + 1) }, ':seq': { N: String(seq) } },
              },
            },
            ...rows,
          ],
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof TransactionCanceledException) return false;
      throw error;
    }
  };
  return {
    meter,
    open: async (me, other) => {
      // A name made of the pair: two people who start at once get the same conversation.
      const conversation = [me.uuid, other.uuid].sort().join('+');
      const at = isoNow();
      const puts = [rowItem(conversation, me, other, '', at), rowItem(conversation, other, me, '', at)];
      try {
        await client.send(
          new TransactWriteItemsCommand({
            TransactItems: [
              {
                Put: {
                  TableName: table,
                  Item: counterItem(conversation, [me, other], 0),
                  ConditionExpression: 'attribute_not_exists(pk)',
                },
              },
              ...puts.map((Item) => ({ Put: { TableName: table, Item } })),
            ],
          }),
        );
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error; // Canceled: it is there already.
      }
      return conversation;
    },
    send: async (author, conversation, text) => {
      for (let tries = 0; tries < triesMax; tries += 1) if (await write(author, conversation, text)) return;
      throw new Error('the conversation is too busy for transactions');
    },
    page: async (reader, conversation) => {
      const { participants } = await counterOf(conversation);
      if (!participants.includes(reader.uuid)) return undefined;
      const answer = await client.send(
        new QueryCommand({
          TableName: table,
          ScanIndexForward: false,
          Limit: 20,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: `MSG#${conversation}` } },
        }),
      );
      return (answer.Items ?? []).map((item) => item.message?.S ?? '');
    },
    inbox: async (reader) => {
      const answer = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: 'inbox',
          ScanIndexForward: false,
          Limit: 20,
          KeyConditionExpression: 'inbox = :user',
          ExpressionAttributeValues: { ':user': { S: `USR#${reader.uuid}` } },
        }),
      );
      return (answer.Items ?? []).map((item) => ({
        conversation: item.message_group_uuid?.S ?? '',
        last: item.last_message?.S ?? '',
      }));
    },
  };
};

export const startTransactional: StartDesign = async () => {
  const server = await startDynoxide();
  if ('skipped' in server) return server;
  const admin = meteredClient(server.endpoint);
  await admin.client.send(createTable);
  const clients: MeteredClient[] = [admin];
  const design: Design = {
    name: 'transactional',
    versions: { dynoxide: server.version },
    node: (now) => {
      const metered = meteredClient(server.endpoint);
      clients.push(metered);
      return node(metered, now);
    },
    fanOut: () => Promise.resolve(0),
    fanOutMeter: { ...nothing },
    load: async (world) => {
      const begin = Date.now() - world.messagesEach * 1_000;
      for (const pair of world.pairs) {
        const [a, b] = peopleOf(world, pair);
        const at = (m: number): string => new Date(begin + m * 1_000).toISOString();
        const items = Array.from({ length: world.messagesEach }, (_, m) =>
          messageItem(pair.uuid, m + 1, m % 2 === 0 ? a : b, world.text(m), at(m)),
        );
        const last = [world.text(world.messagesEach - 1), at(world.messagesEach - 1)] as const;
        items.push(counterItem(pair.uuid, [a, b], world.messagesEach));
        items.push(rowItem(pair.uuid, a, b, ...last), rowItem(pair.uuid, b, a, ...last));
        for (let from = 0; from < items.length; from += 25) {
          const writes = items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
          await admin.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: writes } }));
        }
      }
      return world.pairs.map((pair) => pair.uuid);
    },
    processes: [server.pid],
    close: async () => {
      for (const { client } of clients) client.destroy();
      await server.stop();
    },
  };
  return design;
};
