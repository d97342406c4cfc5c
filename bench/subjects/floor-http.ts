/** The floor of HTTP, asked by the same client. */
import { benchModule } from '../harness/modules.ts';
import { portInJson, startServerProcess } from '../harness/server-process.ts';
import type { StartSubject } from '../harness/subject.ts';
import { httpOperations } from './http.ts';

export const start: StartSubject = async (options) => {
  const module = benchModule('rivals/floor/server');
  const server = await startServerProcess(module, [], portInJson);
  const { client, operations } = httpOperations(options, {
    port: server.ready.port,
    conversations: options.world.pairs.map((pair) => pair.uuid),
    tokens: options.world.people.map(() => 'none'),
  });
  return {
    versions: {},
    operations,
    settle: () => Promise.resolve(),
    processes: [server.pid],
    close: async () => {
      client.close();
      await server.stop();
    },
  };
};
