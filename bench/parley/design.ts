/** Parley on a local DynamoDB server as a design among the others: the same use cases, keys and fan-out as on AWS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ParleyError } from '#domain/errors';
import { type ConversationUuid, conversationUuid } from '#domain/ids';
import type { PatternUse } from '#store/patterns';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { TableError } from '#table/errors';
import type { ChangeRecord, FeedStart, Table } from '#table/port';
import { keysSchema, mainSchema } from '#table/schema';
import { messageUuidAt, seeded } from '../harness/random.ts';
import { inChunks, type Pair, type Person, peopleOf } from '../harness/world.ts';
import type { Design, DesignNode, StartDesign } from '../rivals/design.ts';
import { startDynoxide } from '../rivals/dynoxide.ts';
import { Crash, type Fault, type Meter, nothing } from '../rivals/metered.ts';
import { handleOf, type ParleyNode, parleyNode, provision, userOf } from './node.ts';

const region = 'us-east-1';

/** A table whose writes end in a crash when a fault is set. */
const crashing = (table: Table, fault: () => Fault | undefined): Table => {
  const write = <T>(run: () => Promise<T>): Promise<T> => {
    const now = fault();
    if (now === undefined) return run();
    if (now.writesLeft === 0) return Promise.reject(new Crash('the process ended here'));
    now.writesLeft -= 1;
    return run();
  };
  return {
    ...table,
    feed: table.feed,
    put: (request, call) => write(() => table.put(request, call)),
    update: (request, call) => write(() => table.update(request, call)),
    delete: (request, call) => write(() => table.delete(request, call)),
    batchWrite: (writes, call) => write(() => table.batchWrite(writes, call)),
  };
};

const counting =
  (meter: Meter) =>
  (use: PatternUse): void => {
    meter.requests += 1;
    meter.read += use.capacity.read;
    meter.write += use.capacity.write;
  };

const uuidOf = (text: string): ConversationUuid => {
  const uuid = conversationUuid(text);
  if (uuid === undefined) throw new Error(`not a conversation: ${text}`);
  return uuid;
};

const designNode = ({ messenger }: ParleyNode, meter: Meter, now: () => number): DesignNode => {
  const random = seeded(Math.floor(Math.random() * 2 ** 32));
  const known = new Map<string, Promise<unknown>>();
  const ensure = async (person: Person): Promise<void> => {
    let made = known.get(person.uuid);
    if (made === undefined) {
      made = provision(messenger, person);
      known.set(person.uuid, made);
    }
    await made;
  };
  return {
    meter,
    open: async (me, other) => {
      await Promise.all([ensure(me), ensure(other)]);
      const { conversation } = await messenger.open({ user: userOf(me) }, { handles: [handleOf(other)] });
      return conversation.uuid;
    },
    send: async (author, conversation, text) => {
      const uuid = messageUuidAt(now(), random);
      await messenger.send({ user: userOf(author) }, uuidOf(conversation), { uuid, message: text });
    },
    page: async (reader, conversation) => {
      try {
        const { messages } = await messenger.history({ user: userOf(reader) }, uuidOf(conversation), { limit: 20 });
        return messages.map((one) => one.message ?? '');
      } catch (error) {
        if (error instanceof ParleyError && error.code === 'not_found') return undefined;
        throw error;
      }
    },
    inbox: async (reader) => {
      const { conversations } = await messenger.inbox({ user: userOf(reader) }, { folder: 'inbox', limit: 20 });
      return conversations.map((row) => ({ conversation: row.uuid, last: row.last_message }));
    },
  };
};

/** A local server on few cores answers no more than this at once within the adapter's deadline. */
const loadedAtOnce = 16;

const loadAttemptsMax = 5;

/** Loading is measured by nobody: what a machine that is busy elsewhere did not answer in time is asked again. */
const patiently = async (act: () => Promise<void>): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      const late = error instanceof ParleyError && error.code === 'unavailable';
      if (!late || attempt >= loadAttemptsMax) throw error;
    }
  }
};

/** Lambda's default batch, which the other designs' consumers take too. */
const batch = 100;

export const startParleyDesign: StartDesign = async () => {
  const server = await startDynoxide();
  if ('skipped' in server) return server;
  const { endpoint } = server;
  const folder = mkdtempSync(join(tmpdir(), 'parley-design-'));
  const credentials = () => Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' });
  const wall = (): number => Date.now();
  const tableAt = (name: string, schema: typeof mainSchema): Table =>
    createDynamoTable({ region, endpoint, name, schema, credentials, now: wall, random: Math.random });
  const admin = createDynamoAdmin({ region, endpoint, credentials, sleep: (ms) => setTimeout(ms) });
  await admin.createTable('parley', mainSchema);
  await admin.createTable('parley-keys', keysSchema);
  admin.close();
  const main = tableAt('parley', mainSchema);
  const keys = tableAt('parley-keys', keysSchema);
  let fault: Fault | undefined;
  const fanOutMeter: Meter = { ...nothing };
  const faulty = crashing(main, () => fault);
  const makeNode = (table: Table, meter: Meter, now: () => number): Promise<ParleyNode> =>
    parleyNode({ main: table, keys, folder }, { now, observe: counting(meter), appended: () => undefined });
  let consumer = await makeNode(faulty, fanOutMeter, wall);
  const shard = (await main.feed.shards())[0]?.id ?? '';
  let place: FeedStart = 'oldest';
  let failed: readonly ChangeRecord[] = [];
  const nextRecords = async (): Promise<readonly ChangeRecord[]> => {
    const page = await main.feed.read(shard, place, batch);
    if (page.position !== undefined) place = { after: page.position };
    return page.records;
  };
  const design: Design = {
    name: 'parley',
    versions: { dynoxide: server.version },
    node: (now) => {
      const meter = { ...nothing };
      // The port is synchronous here, the key file is not: the first call waits for it.
      const made = makeNode(main, meter, now).then((node) => designNode(node, meter, now));
      const node: DesignNode = {
        meter,
        open: async (me, other) => (await made).open(me, other),
        send: async (author, conversation, text) => (await made).send(author, conversation, text),
        page: async (reader, conversation) => (await made).page(reader, conversation),
        inbox: async (reader) => (await made).inbox(reader),
      };
      return node;
    },
    fanOut: async (order = {}) => {
      const records = failed.length > 0 ? failed : await nextRecords();
      failed = records;
      fault = order.crashAfterWrites === undefined ? undefined : { writesLeft: order.crashAfterWrites };
      try {
        await consumer.fanout(order.reversed === true ? records.toReversed() : records);
      } catch (error) {
        // A server too slow to answer in time: the batch stays where it is and is given again, as the stream does.
        if (fault === undefined && error instanceof TableError && error.code === 'unavailable') return records.length;
        if (fault === undefined) throw error;
        // A crash takes what the process knew with it.
        consumer = await makeNode(faulty, fanOutMeter, wall);
        throw new Crash('the process ended here', { cause: error });
      } finally {
        fault = undefined;
      }
      failed = [];
      return records.length;
    },
    fanOutMeter,
    load: async (world) => {
      const node = design.node(wall);
      const open = (pair: Pair) => node.open(...peopleOf(world, pair));
      const conversations = await inChunks(world.pairs, open, loadedAtOnce);
      // Conversation by conversation: the fan-out then finds many entries of few rows in a batch, and is done sooner.
      const talk = async ([index, pair]: readonly [number, Pair]): Promise<void> => {
        for (let n = 0; n < world.messagesEach; n += 1) {
          const author = peopleOf(world, pair)[n % 2 === 0 ? 0 : 1];
          await patiently(() => node.send(author, conversations[index] ?? '', world.text(n)));
        }
      };
      await inChunks([...world.pairs.entries()], talk, loadedAtOnce);
      while ((await design.fanOut()) > 0);
      return conversations;
    },
    processes: [server.pid],
    close: async () => {
      await main.close();
      await keys.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return design;
};
