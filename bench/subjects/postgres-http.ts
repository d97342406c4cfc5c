/** PostgreSQL behind Fastify. */
import { SignJWT } from 'jose';
import { benchModule } from '../harness/modules.ts';
import { portInJson, startServerProcess } from '../harness/server-process.ts';
import type { StartSubject } from '../harness/subject.ts';
import { startCluster } from '../rivals/postgres/cluster.ts';
import { loadWorld } from '../rivals/postgres/messages.ts';
import { httpOperations } from './http.ts';

const secret = 'a secret of the benchmark, at least 32 bytes';

export const start: StartSubject = async (options) => {
  const { world, random } = options;
  const cluster = await startCluster();
  if ('skipped' in cluster) return cluster;
  await loadWorld(cluster.connection, world, random);
  const server = await startServerProcess(
    benchModule('rivals/postgres/server'),
    [JSON.stringify(cluster.connection), secret],
    portInJson,
  );
  const tokens = await Promise.all(
    world.people.map((person) =>
      new SignJWT({ handle: person.handle, name: person.display_name })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(person.uuid)
        .setIssuer('bench')
        .setAudience('bench')
        .setExpirationTime('1d')
        .sign(new TextEncoder().encode(secret)),
    ),
  );
  const { client, operations } = httpOperations(options, {
    port: server.ready.port,
    conversations: world.pairs.map((pair) => pair.uuid),
    tokens,
  });
  return {
    versions: { postgresql: cluster.version },
    operations,
    settle: () => Promise.resolve(),
    processes: [server.pid, cluster.pid],
    close: async () => {
      client.close();
      await server.stop();
      await cluster.stop();
    },
  };
};
