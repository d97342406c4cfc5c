/** Parley's standalone server as `npm start` runs it, asked over HTTP; rate limits out of the way. */
import { setTimeout } from 'node:timers/promises';
import { type HttpClient, httpClient } from '../harness/http.ts';
import { messageUuidAt } from '../harness/random.ts';
import type { StartSubject } from '../harness/subject.ts';
import { inChunks, peopleOf, type World } from '../harness/world.ts';
import { startParleyServer } from '../parley/server.ts';
import { httpOperations, type Sent } from './http.ts';

/** The newest sends: the fan-out takes entries in order, so when these are shown, those before are. */
const lastKept = 64;
const settleMsMax = 60_000;

const post = async (
  client: HttpClient,
  path: string,
  token: string,
  body: unknown,
): Promise<Record<string, unknown>> => {
  const answer = await client.ask('POST', path, token, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as Record<string, unknown>;
};

/** Signs everybody in, opens the conversations and writes the first messages, as clients do. */
const load = async (client: HttpClient, world: World, random: () => number) => {
  const tokens = await inChunks(world.people, async ({ handle, display_name }) => {
    const { access_token } = await post(client, '/v1/dev/sign-in', 'none', { handle, display_name });
    return String(access_token);
  });
  const conversations = await inChunks(world.pairs, async (pair) => {
    const [, other] = peopleOf(world, pair);
    const { uuid } = await post(client, '/v1/conversations', tokens[pair.a] ?? '', { handles: [other.handle] });
    return String(uuid);
  });
  const numbered = world.pairs.map((pair, n) => ({ ...pair, conversation: conversations[n] ?? '' }));
  for (let n = 0; n < world.messagesEach; n += 1) {
    await inChunks(numbered, (pair) =>
      post(client, `/v1/conversations/${pair.conversation}/messages`, tokens[n % 2 === 0 ? pair.a : pair.b] ?? '', {
        uuid: messageUuidAt(Date.now(), random),
        message: world.text(n + pair.a),
      }),
    );
  }
  return { tokens, conversations };
};

export const start: StartSubject = async (options) => {
  const { world, random, folder } = options;
  const server = await startParleyServer(folder);
  const { port } = server;
  const loader = httpClient(port);
  const loaded = await load(loader, world, random);
  const last: Sent[] = [];
  const { client, operations } = httpOperations(options, { port, ...loaded }, (sent) => {
    last.push(sent);
    if (last.length > lastKept) last.shift();
  });
  const isShown = async (sent: Sent): Promise<boolean> => {
    const { status, body } = await client.ask('GET', '/v1/conversations?limit=100', sent.token);
    if (status !== 200) throw new Error(`${status} ${body}`);
    const { conversations } = JSON.parse(body) as { readonly conversations: { uuid: string; last_seq: number }[] };
    return conversations.some((row) => row.uuid === sent.conversation && row.last_seq >= sent.seq);
  };
  const settle = async (): Promise<void> => {
    const until = Date.now() + settleMsMax;
    while (last.length > 0) {
      const newest = last.at(-1);
      if (newest !== undefined && (await isShown(newest))) last.pop();
      else if (Date.now() > until) throw new Error('inboxes do not catch up');
      else await setTimeout(2);
    }
  };
  loader.close();
  // What was loaded counts as sent too: each person's newest row must show before anything is measured.
  await setTimeout(1_000);
  return {
    versions: {},
    operations,
    settle,
    processes: [server.pid],
    close: async () => {
      client.close();
      await server.stop();
    },
  };
};
