/**
 * [LIVE-3] [LIVE-2] Five nodes over one DynamoDB server and one Valkey server, composed as the server composes them, with the
 * client SDK's sessions spread over them: everybody sees everything once and in order, also what the bus lost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { keysSchema, mainSchema } from '#table/schema';
import { faultOf, settled, startTalker, type Talker } from '../soak/talkers.ts';
import { type DynamoServer, skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { type ServerNode, startServerNode } from '../support/server-node.ts';
import { skipValkeyTests, startValkeyServer, type ValkeyServer } from '../support/valkey.ts';

const nodesCount = 5;
const sendsEach = 6;

describe.skipIf(skipServerTests || skipValkeyTests)('five nodes', () => {
  let dynamo: DynamoServer;
  let valkey: ValkeyServer;
  let folder: string;
  const nodes: ServerNode[] = [];
  const talkers: Talker[] = [];

  beforeAll(async () => {
    process.env.AWS_ACCESS_KEY_ID ??= 'test';
    process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
    folder = await mkdtemp(join(tmpdir(), 'parley-five-'));
    [dynamo, valkey] = await Promise.all([startDynamoServer(), startValkeyServer()]);
    const admin = createDynamoAdmin({
      region: testRegion,
      endpoint: dynamo.endpoint,
      sleep: () => Promise.resolve(),
    });
    await admin.createTable('parley', mainSchema);
    await admin.createTable('parley-keys', keysSchema);
    const environment = {
      DYNAMODB_ENDPOINT: dynamo.endpoint,
      DYNAMODB_TABLE: 'parley',
      VALKEY_URL: valkey.url,
      PARLEY_DATA: folder,
    };
    for (let index = 0; index < nodesCount; index += 1) nodes.push(await startServerNode(environment));
    for (let index = 0; index < 2 * nodesCount; index += 1) {
      talkers.push(await startTalker(nodes[index % nodesCount]?.url ?? '', `talker_${index}`));
    }
  }, 120_000);

  afterAll(async () => {
    for (const talker of talkers) talker.stop();
    for (const { close } of nodes) await close();
    await valkey.stop();
    await dynamo.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('under one load everybody is complete and in order, and what the bus lost is found again', {
    timeout: 120_000,
  }, async () => {
    const [first, ...others] = talkers;
    if (first === undefined) throw new Error('ten talkers');
    const group = await first.api.createConversation({ title: 'all', handles: others.map(({ handle }) => handle) });
    for (const talker of talkers) talker.timeline(group.uuid);
    const round = async (name: string): Promise<void> => {
      for (let index = 0; index < sendsEach; index += 1) {
        for (const talker of talkers) talker.timeline(group.uuid).send(`${name} ${index} of ${talker.handle}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const entriesOfRound = sendsEach * talkers.length;
    const everybodyHas = (head: number) => () =>
      talkers.map((talker) => faultOf(talker, group.uuid, head)).find((fault) => fault !== undefined);

    // The entry that says that the group was made is the first.
    await round('calm');
    await settled(everybodyHas(1 + entriesOfRound), 60_000);

    // All nodes stop hearing one another in the middle of it, and again.
    const raw = new Redis(valkey.url);
    const losing = round('losing');
    for (let cut = 0; cut < 3; cut += 1) {
      await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await losing;
    raw.disconnect();
    await round('after');
    await settled(everybodyHas(1 + 3 * entriesOfRound), 60_000);

    // What they see is the log.
    const newest = await first.api.messages(group.uuid, { limit: 1 });
    expect(newest.messages[0]?.seq).toBe(1 + 3 * entriesOfRound);
    // And every inbox agrees with it, whichever node's fan-out brought it up to date.
    const behind = () =>
      talkers
        .map(({ handle, session }) => ({ handle, row: session.inbox.row(group.uuid) }))
        .find(({ row }) => row?.last_seq !== 1 + 3 * entriesOfRound);
    const refreshing = setInterval(() => {
      for (const { session } of talkers) void session.inbox.refresh().catch(() => undefined);
    }, 500);
    try {
      await settled(() => behind() && `the row of ${behind()?.handle} shows ${behind()?.row?.last_seq}`, 30_000);
    } finally {
      clearInterval(refreshing);
    }
  });
});
