/** Parley as a library on the embedded table: durable, encrypted, its fan-out running beside the sends. */
import { setTimeout } from 'node:timers/promises';
import { type ConversationUuid, conversationUuid } from '#domain/ids';
import { startFeedRunner } from '#messenger/feed-runner';
import { isNews } from '#store/positions';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { keysSchema, mainSchema } from '#table/schema';
import { messageUuidAt } from '../harness/random.ts';
import type { StartSubject } from '../harness/subject.ts';
import { installedVersion } from '../harness/versions.ts';
import { inChunks, peopleOf, pick } from '../harness/world.ts';
import { handleOf, parleyNode, provision, userOf } from '../parley/node.ts';

/** As long as anybody would wait for a fan-out. */
const settleMsMax = 60_000;

export const start: StartSubject = async ({ world, random, folder }) => {
  const now = (): number => Date.now();
  const main = await openEmbeddedTable({ path: folder, schema: mainSchema, name: 'parley', now });
  const keys = await openEmbeddedTable({ path: folder, schema: keysSchema, name: 'parley-keys', now });
  let wake = (): void => undefined;
  const tables = { main, keys, folder };
  const node = await parleyNode(tables, { now, observe: () => undefined, appended: () => wake() });
  const { messenger } = node;
  let sent = 0;
  let appliedEntries = 0;
  const runner = startFeedRunner(
    main.feed,
    node.patterns,
    {
      begin: () => {
        const batch = node.fanout.begin();
        let entries = 0;
        return {
          get size() {
            return batch.size;
          },
          add: (records) => {
            batch.add(records);
            const inserted = records.filter((record) => record.kind === 'insert' && isNews(record));
            entries += inserted.filter(({ after }) => after?.type === 'message').length;
          },
          apply: async (rowsAtOnce) => {
            await batch.apply(rowsAtOnce);
            appliedEntries += entries;
          },
        };
      },
    },
    'fanout',
    { now, wait: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined) },
    (error) => process.stderr.write(`the fan-out failed: ${String(error)}\n`),
  );
  wake = runner.wake;
  const settle = async (): Promise<void> => {
    for (const until = now() + settleMsMax; appliedEntries < sent; ) {
      if (now() > until) throw new Error(`the fan-out is ${sent - appliedEntries} entries behind`);
      await setTimeout(1);
    }
  };
  const send = async (
    conversation: ConversationUuid,
    author: Parameters<typeof userOf>[0],
    at: number,
  ): Promise<void> => {
    sent += 1;
    const request = { uuid: messageUuidAt(at, random), message: world.text(sent) };
    const { replayed } = await messenger.send({ user: userOf(author) }, conversation, request);
    if (replayed) throw new Error('a new message was taken for an old one');
  };

  await inChunks(world.people, (person) => provision(messenger, person));
  const pairs = await inChunks(world.pairs, async (pair) => {
    const [a, b] = peopleOf(world, pair);
    const { conversation } = await messenger.open({ user: userOf(a) }, { handles: [handleOf(b)] });
    const uuid = conversationUuid(conversation.uuid);
    if (uuid === undefined) throw new Error(`not a conversation: ${conversation.uuid}`);
    return { ...pair, people: [a, b] as const, uuid };
  });
  for (let n = 0; n < world.messagesEach; n += 1) {
    await inChunks(pairs, (pair) => send(pair.uuid, pair.people[n % 2 === 0 ? 0 : 1], now()));
  }
  await settle();

  return {
    versions: { lmdb: installedVersion('lmdb') },
    operations: {
      send: () => {
        const pair = pick(pairs, random);
        return send(pair.uuid, pair.people[sent % 2 === 0 ? 0 : 1], now());
      },
      page: async () => {
        const { uuid, people } = pick(pairs, random);
        const { messages } = await messenger.history({ user: userOf(people[0]) }, uuid, { limit: 20 });
        if (messages.length !== 20) throw new Error(`a page of ${messages.length}`);
      },
      inbox: async () => {
        const call = { user: userOf(pick(world.people, random)) };
        const { conversations } = await messenger.inbox(call, { folder: 'inbox', limit: 20 });
        if (conversations.length !== 20) throw new Error(`an inbox of ${conversations.length}`);
      },
    },
    settle,
    processes: [],
    close: async () => {
      await runner.stop();
      messenger.close();
      await main.close();
      await keys.close();
    },
  };
};
