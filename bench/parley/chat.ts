/** Parley's standalone server as a chat server: sends over HTTP, delivery by its event stream. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpClient } from '../harness/http.ts';
import { serverModule } from '../harness/modules.ts';
import { messageUuidAt, seeded } from '../harness/random.ts';
import { startServerProcess } from '../harness/server-process.ts';
import { inChunks } from '../harness/world.ts';
import type { ChatClient, ChatServer, StartChatServer } from '../rivals/chat.ts';
import { folderBytes } from '../rivals/postgres/cluster.ts';
import { portInAddress } from './address.ts';

interface Listener {
  on(event: string): void;
}

/** An open event stream; calls back with the data of each event. */
const openEvents = (port: number, token: string, listener: Listener): Promise<{ close(): void }> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('connect', () =>
      socket.write(
        `GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\naccept: text/event-stream\r\n\r\n`,
      ),
    );
    socket.on('data', (chunk: string) => {
      rest += chunk;
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        listener.on(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
      resolve({ close: () => socket.destroy() });
    });
  });

const clientOf = async (
  port: number,
  token: string,
  conversations: ReadonlyMap<string, string>,
  me: string,
): Promise<ChatClient> => {
  const http = httpClient(port);
  const random = seeded(Math.floor(Math.random() * 2 ** 32));
  const waiting = new Map<string, () => void>();
  const stream = await openEvents(port, token, {
    on: (event) => {
      if (!event.includes('event: message.created')) return;
      // The text is the id: the contract's own ids are uuids, which the caller does not choose.
      const id = /"message":"([^" ]+)/.exec(event)?.[1] ?? '';
      waiting.get(id)?.();
      waiting.delete(id);
    },
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
  const folder = mkdtempSync(join(tmpdir(), 'parley-chat-'));
  const server = await startServerProcess(serverModule(), [], portInAddress, {
    PATH: process.env.PATH,
    PORT: '0',
    PARLEY_DATA: folder,
    LOG_LEVEL: 'error',
    RATE_LIMIT_PER_USER: '1000000',
    RATE_LIMIT_PER_ADDRESS: '1000000',
  });
  const { port } = server.ready;
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
    diskBytes: () => folderBytes(folder),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return chat;
};
