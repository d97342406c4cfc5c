/** [TABLE-1] Tables are made from `schema.ts` and nothing else, and read back by the SDK as what it says. */
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoAdmin, createTableInput, type DynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { keysSchema, mainSchema } from '#table/schema';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';

const main = `main-${process.pid}`;
const keys = `keys-${process.pid}`;

test('[TABLE-1] the request that makes a table says what the schema says', () => {
  expect(createTableInput('x', mainSchema)).toMatchObject({
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk', 'inbox', 'last_message_at'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    GlobalSecondaryIndexes: [{ IndexName: 'inbox', Projection: { ProjectionType: 'ALL' } }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    DeletionProtectionEnabled: true,
  });
  expect(createTableInput('x', keysSchema)).not.toHaveProperty('StreamSpecification');
  expect(createTableInput('x', keysSchema)).not.toHaveProperty('GlobalSecondaryIndexes');
});

describe.skipIf(skipServerTests)('on a server', () => {
  let server: DynamoServer;
  let admin: DynamoAdmin;
  let sdk: DynamoDBClient;

  beforeAll(async () => {
    server = await startDynamoServer();
    const { endpoint } = server;
    admin = createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    sdk = new DynamoDBClient({ region: testRegion, endpoint, credentials });
  });

  afterAll(async () => {
    for (const name of [main, keys]) {
      if (await admin.describe(name)) await admin.deleteTable(name, { liftProtection: true });
    }
    admin.close();
    sdk.destroy();
    await server.stop();
  });

  test('making a table twice makes it once', async () => {
    expect((await admin.createTable(main, mainSchema)).created).toBe(true);
    expect((await admin.createTable(main, mainSchema)).created).toBe(false);
    expect(await admin.listTables()).toContain(main);
    expect(await admin.describe(main)).toMatchObject({
      name: main,
      status: 'ACTIVE',
      indexes: ['inbox'],
      streamArn: expect.stringContaining(main),
      ttl: 'expires_at',
    });
  });

  test('what the server does not support is said, not passed over', async () => {
    const { notes } = await admin.createTable(main, mainSchema);
    const { pointInTimeRecovery } = (await admin.describe(main)) ?? {};
    expect(notes.some((note) => note.includes('point-in-time recovery'))).toBe(!pointInTimeRecovery);
  });

  test('a table of another shape is not taken for ours', async () => {
    await admin.createTable(keys, keysSchema);
    await expect(admin.createTable(keys, mainSchema)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('inbox'),
    });
  });

  test('a protected table is dropped only when that is asked for', async () => {
    const { Table: before } = await sdk.send(new DescribeTableCommand({ TableName: keys }));
    if (before?.DeletionProtectionEnabled) {
      await expect(admin.deleteTable(keys)).rejects.toMatchObject({ code: 'invalid' });
    }
    await admin.deleteTable(keys, { liftProtection: true });
    expect(await admin.describe(keys)).toBeUndefined();
    await expect(admin.deleteTable(keys)).rejects.toMatchObject({ code: 'no_such_table' });
  });

  test('[TABLE-5] items are the same, written here and read by the SDK, and the other way round', async () => {
    const table = createDynamoTable({
      name: main,
      schema: mainSchema,
      region: testRegion,
      endpoint: server.endpoint,
      now: Date.now,
      random: Math.random,
    });
    const item = { pk: 'A', sk: '1', size: 1.5, name: 'ä😀', set: new Set(['x']), bytes: new Uint8Array([0, 255]) };
    await table.put({ item });
    const Key = { pk: { S: 'A' }, sk: { S: '1' } };
    const { Item } = await sdk.send(new GetItemCommand({ TableName: main, Key, ConsistentRead: true }));
    expect(Item).toEqual({
      ...Key,
      size: { N: '1.5' },
      name: { S: 'ä😀' },
      set: { SS: ['x'] },
      bytes: { B: new Uint8Array([0, 255]) },
    });
    await sdk.send(new PutItemCommand({ TableName: main, Item: { ...Item, sk: { S: '2' } } }));
    expect((await table.get({ key: { pk: 'A', sk: '2' }, consistent: true })).item).toEqual({ ...item, sk: '2' });
    await table.close();
  });

  test('reserved words and odd characters are names like any other', async () => {
    const table = createDynamoTable({
      name: main,
      schema: mainSchema,
      region: testRegion,
      endpoint: server.endpoint,
      now: Date.now,
      random: Math.random,
    });
    const key = { pk: 'R', sk: '1' };
    const set = { name: 'n', status: 's', size: 1, 'a.b': 2, 'c[0]': 3, '#d': 4, ':e': 5, 'f g': 6 };
    expect((await table.update({ key, changes: { set } })).item).toEqual({ ...key, ...set });
    const condition = {
      all: Object.entries(set).map(([attribute, value]) => ({ attribute, is: '=', value }) as const),
    };
    await table.update({ key, changes: { remove: { status: true, 'a.b': true } }, condition });
    expect((await table.get({ key })).item).toEqual({
      ...key,
      name: 'n',
      size: 1,
      'c[0]': 3,
      '#d': 4,
      ':e': 5,
      'f g': 6,
    });
    await table.close();
  });
});
