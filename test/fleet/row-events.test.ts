/**
 * [LIVE-4] Two servers that run no fan-out, and the fan-out as a function behind the stream: what it does to the rows reaches
 * the streams that are open at either server. Everything real: DynamoDB's protocol, Valkey, HTTP.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFanoutFunction } from '#lambda/fanout';
import { nodeRights, publisherRights } from '#server/valkey-rights';
import { streamFilters } from '#store/stream-filters';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import type { FeedStart, Table } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import { readEvents } from '../api/sockets.ts';
import { startTalker, type Talker } from '../soak/talkers.ts';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { type ServerNode, startServerNode } from '../support/server-node.ts';
import { passes, streamRecord } from '../support/stream-records.ts';
import { skipValkeyTests, startValkeyServer, type ValkeyServer } from '../support/valkey.ts';

const password = 'inner';
const context = { getRemainingTimeInMillis: () => 60_000 };

describe.skipIf(skipServerTests || skipValkeyTests)('[LIVE-4] a fan-out elsewhere', () => {
  let dynamo: DynamoServer;
  let valkey: ValkeyServer;
  let folder: string;
  let table: Table;
  let ada: Talker;
  let bob: Talker;
  const nodes: ServerNode[] = [];

  beforeAll(async () => {
    process.env.AWS_ACCESS_KEY_ID ??= 'test';
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
    folder = await mkdtemp(join(tmpdir(), 'parley-rows-'));
    const user = (name: string, rights: string) => ['--user', name, `>${password}`, ...rights.split(' ')];
    [dynamo, valkey] = await Promise.all([
      startDynamoServer(),
      startValkeyServer([...user('node', nodeRights), ...user('fanout', publisherRights)]),
    ]);
    const admin = createDynamoAdmin({
      region: testRegion,
      endpoint: dynamo.endpoint,
      sleep: () => Promise.resolve(),
    });
    await admin.createTable('parley', mainSchema);
    await admin.createTable('parley-keys', keysSchema);
    const common = { region: testRegion, endpoint: dynamo.endpoint, now: Date.now, random: Math.random };
    table = createDynamoTable({ name: 'parley', schema: mainSchema, ...common });
    for (let index = 0; index < 2; index += 1) {
      nodes.push(
        await startServerNode({
          DYNAMODB_ENDPOINT: dynamo.endpoint,
          VALKEY_URL: valkey.url.replace('//', `//node:${password}@`),
          PARLEY_DATA: folder,
          PARLEY_FANOUT: '0',
        }),
      );
    }
    ada = await startTalker(nodes[0]?.url ?? '', 'ada');
    bob = await startTalker(nodes[1]?.url ?? '', 'bob');
  }, 60_000);

  afterAll(async () => {
    for (const talker of [ada, bob]) talker.stop();
    for (const { close } of nodes) await close();
    await table.close();
    await valkey.stop();
    await dynamo.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const openFunction = (url: string | undefined) =>
    createFanoutFunction({
      AWS_REGION: testRegion,
      DYNAMODB_ENDPOINT: dynamo.endpoint,
      ...(url !== undefined && { VALKEY_URL: url }),
    });
  const fanoutUrl = () => valkey.url.replace('//', `//fanout:${password}@`);

  let read: FeedStart = 'oldest';
  /** What is new in the stream, as Lambda hands it on: filtered, in batches. */
  const deliver = async ({ handler }: ReturnType<typeof openFunction>): Promise<void> => {
    const [shard] = await table.feed.shards();
    const { records, position } = await table.feed.read(shard?.id ?? '', read, 1_000);
    if (position !== undefined) read = { after: position };
    const Records = records
      .map(streamRecord)
      .filter((record) => streamFilters.some((filter) => passes(filter, record)));
    expect(await handler({ Records }, context)).toEqual({ batchItemFailures: [] });
  };

  const signIn = async (node: ServerNode | undefined, handle: string): Promise<string> => {
    const answer = await fetch(`${node?.url}/v1/dev/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ handle }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  };
  const streamOf = async (node: ServerNode | undefined, handle: string) => {
    const stream = await readEvents(node?.port ?? 0, '/v1/events', await signIn(node, handle));
    await stream.next('hello');
    return stream;
  };

  test('an open stream at either server gets conversation.updated, with the row as it then is', async () => {
    const told = openFunction(fanoutUrl());
    const talk = await ada.api.createConversation({ handles: ['bob'] });
    await ada.api.sendMessage(talk.uuid, { message: 'hello' });
    const streams = [await streamOf(nodes[0], 'ada'), await streamOf(nodes[1], 'bob')];
    await deliver(told);
    const [hers, his] = await Promise.all(
      streams.map((stream) => stream.next('conversation.updated', ({ data }) => data.last_message === 'hello')),
    );
    expect(hers?.data).toMatchObject({ uuid: talk.uuid, last_seq: 1, unread: 0, other_user_handle: 'bob' });
    expect(his?.data).toMatchObject({ uuid: talk.uuid, last_seq: 1, unread: 1, other_user_handle: 'ada' });
    for (const stream of streams) stream.close();
    await told.close();
  });

  test('without the bus the rows are right all the same, and no stream hears of them', async () => {
    const silent = openFunction(undefined);
    const talk = await ada.api.createConversation({ handles: ['bob'] });
    await ada.api.sendMessage(talk.uuid, { message: 'unheard' });
    const his = await streamOf(nodes[1], 'bob');
    await deliver(silent);
    const { conversations } = await bob.api.conversations({ folder: 'inbox' });
    expect(conversations[0]).toMatchObject({ last_message: 'unheard' });
    // What comes after it has come, and it has not.
    await ada.api.typing(talk.uuid);
    await his.next('typing');
    expect(his.events.map(({ name }) => name)).not.toContain('conversation.updated');
    his.close();
    await silent.close();
  });

  test('a connection that was cut while the function was frozen is made anew', async () => {
    const told = openFunction(fanoutUrl());
    const talk = await ada.api.createConversation({ handles: ['bob'] });
    const his = await streamOf(nodes[1], 'bob');
    await ada.api.sendMessage(talk.uuid, { message: 'before' });
    await deliver(told);
    await his.next('conversation.updated', ({ data }) => data.last_message === 'before');
    const raw = new Redis(valkey.url);
    await raw.call('CLIENT', 'KILL', 'USER', 'fanout');
    raw.disconnect();
    await ada.api.sendMessage(talk.uuid, { message: 'after' });
    await deliver(told);
    await his.next('conversation.updated', ({ data }) => data.last_message === 'after');
    his.close();
    await told.close();
  });

  test('[SEC-4] [SEC-5] what the function says is ciphertext', async () => {
    const told = openFunction(fanoutUrl());
    const talk = await ada.api.createConversation({ handles: ['bob'] });
    const raw = new Redis(valkey.url);
    const wire: string[] = [];
    raw.on('message', (_channel: string, text: string) => wire.push(text));
    await raw.subscribe('parley:events');
    await ada.api.sendMessage(talk.uuid, { message: 'the secret word' });
    await deliver(told);
    for (let tries = 0; tries < 500 && !wire.join().includes('conversation.updated'); tries += 1) await sleep(10);
    raw.disconnect();
    expect(wire.join()).toContain('conversation.updated');
    expect(wire.join()).not.toContain('secret');
    await told.close();
  });

  test('[INBOX-5] a bus that is away fails no batch', async () => {
    const lost = openFunction('redis://127.0.0.1:1');
    const talk = await ada.api.createConversation({ handles: ['bob'] });
    await ada.api.sendMessage(talk.uuid, { message: 'nobody hears' });
    await deliver(lost);
    const { conversations } = await bob.api.conversations({ folder: 'inbox' });
    expect(conversations[0]).toMatchObject({ last_message: 'nobody hears' });
    await lost.close();
  });
});
