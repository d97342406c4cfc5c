/** Parley's standalone server as a chat server: sends over HTTP, delivery by its event stream. */
import { httpClient } from '../harness/http.ts';
import { messageUuidAt, seeded } from '../harness/random.ts';
import { inChunks } from '../harness/world.ts';
import type { ChatClient, ChatServer, StartChatServer } from '../rivals/chat.ts';
import { folderBytes } from '../rivals/postgres/cluster.ts';
import { openEvents } from './events.ts';
import { startParleyServer } from './server.ts';

const clientOf = async (
  port: number,
  token: string,
  conversations: ReadonlyMap<string, string>,
  me: string,
): Promise<ChatClient> => {
  const http = httpClient(port);
  const random = seeded(Math.floor(Math.random() * 2 ** 32));
  const waiting = new Map<string, () => void>();
  const stream = await openEvents(port, token, (event) => {
    if (!event.includes('event: message.created')) return;
    // The text is the id: the contract's own ids are uuids, which the caller does not choose.
    const id = /"message":"([^" ]+)/.exec(event)?.[1] ?? '';
    waiting.get(id)?.();
    waiting.delete(id);
  });
  const conversationWith = (other: string): string => conversations.get([me, other].sort().join(' ')) ?? '';
  return {
    send: async (to, id, text) => {
      const body = { uuid: messageUuidAt(Date.now(), random), message: `${id} ${text}` };
      const answer = await http.ask('POST', `/v1/conversations/${conversationWith(to)}/messages`, token, body);
      if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
    },
    delivered: (id) => new Promise((resolve) => waiting.set(id, resolve)),
    page: async (other) => {
      const path = `/v1/conversations/${conversationWith(other)}/messages?limit=20`;
      const answer = await http.ask('GET', path, token);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
      return (JSON.parse(answer.body) as { readonly messages: readonly unknown[] }).messages.length;
    },
    close: () => {
      stream.close();
      http.close();
    },
  };
};

export const startParleyChat: StartChatServer = async () => {
  const server = await startParleyServer();
  const { port } = server;
  const tokens = new Map<string, string>();
  const conversations = new Map<string, string>();
  const handleOf = (person: string): string => `chat_${person}`;
  const chat: ChatServer = {
    name: 'parley',
    version: 'this commit',
    processes: [server.pid],
    prepare: async (pairs) => {
      const http = httpClient(port);
      const post = async (path: string, token: string, body: unknown) => {
        const answer = await http.ask('POST', path, token, body);
        if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
        return JSON.parse(answer.body) as Record<string, unknown>;
      };
      await inChunks(pairs.flat(), async (person) => {
        const { access_token } = await post('/v1/dev/sign-in', 'none', { handle: handleOf(person) });
        tokens.set(person, String(access_token));
      });
      await inChunks(pairs, async ([a, b]) => {
        const { uuid } = await post('/v1/conversations', tokens.get(a) ?? '', { handles: [handleOf(b)] });
        conversations.set([a, b].sort().join(' '), String(uuid));
      });
      http.close();
    },
    connect: (person) => clientOf(port, tokens.get(person) ?? '', conversations, person),
    diskBytes: () => folderBytes(server.folder),
    stop: server.stop,
  };
  return chat;
};
