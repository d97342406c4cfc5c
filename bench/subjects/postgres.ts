/** PostgreSQL through `pg`, as a library would use it. */
import { messageUuidAt } from '../harness/random.ts';
import type { StartSubject } from '../harness/subject.ts';
import { peopleOf, pick } from '../harness/world.ts';
import { startCluster } from '../rivals/postgres/cluster.ts';
import { connect, loadWorld, makeMessages } from '../rivals/postgres/messages.ts';

export const start: StartSubject = async ({ world, random }) => {
  const cluster = await startCluster();
  if ('skipped' in cluster) return cluster;
  await loadWorld(cluster.connection, world, random);
  const database = await connect(cluster.connection);
  const messages = makeMessages(database);
  let sent = 0;
  return {
    versions: { postgresql: cluster.version },
    operations: {
      send: async () => {
        const pair = pick(world.pairs, random);
        const author = peopleOf(world, pair)[sent % 2 === 0 ? 0 : 1];
        sent += 1;
        const row = await messages.send(pair.uuid, author, messageUuidAt(Date.now(), random), world.text(sent));
        if (row === undefined) throw new Error('a send was refused');
      },
      page: async () => {
        const pair = pick(world.pairs, random);
        const rows = await messages.page(pair.uuid, peopleOf(world, pair)[0].uuid, 20);
        if (rows.length !== 20) throw new Error(`a page of ${rows.length}`);
      },
      inbox: async () => {
        const rows = await messages.inbox(pick(world.people, random).uuid, 20);
        if (rows.length !== 20) throw new Error(`an inbox of ${rows.length}`);
      },
    },
    settle: () => Promise.resolve(),
    processes: [cluster.pid],
    close: async () => {
      await database.close();
      await cluster.stop();
    },
  };
};
