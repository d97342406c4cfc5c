/** The three operations over the HTTP contract, the same requests for every server. */
import { type HttpAnswer, type HttpClient, httpClient } from '../harness/http.ts';
import { messageUuidAt } from '../harness/random.ts';
import type { OperationName, Start } from '../harness/subject.ts';
import { pick } from '../harness/world.ts';

export interface HttpTarget {
  readonly port: number;
  /** The conversation's uuid on that server, by the pair's place in the world. */
  readonly conversations: readonly string[];
  /** Tokens, by the person's place in the world. */
  readonly tokens: readonly string[];
}

const listOf = (answer: HttpAnswer, name: string): number => {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  const list: unknown = (JSON.parse(answer.body) as Record<string, unknown>)[name];
  return Array.isArray(list) ? list.length : -1;
};

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the world and the server do not agree');
  return value;
};

/** What is remembered of a send, to ask later whether inboxes show it. */
export interface Sent {
  readonly token: string;
  readonly conversation: string;
  readonly seq: number;
}

/** Answers are parsed and counted: a server that answers fast and wrong fails the run. */
export const httpOperations = (
  { world, random }: Start,
  target: HttpTarget,
  sentOne: (sent: Sent) => void = () => undefined,
): { readonly client: HttpClient; readonly operations: Readonly<Record<OperationName, () => Promise<void>>> } => {
  const client = httpClient(target.port);
  let sent = 0;
  const pairs = world.pairs.map((pair, n) => ({ ...pair, conversation: must(target.conversations[n]) }));
  return {
    client,
    operations: {
      send: async () => {
        const pair = pick(pairs, random);
        const author = must(target.tokens[sent % 2 === 0 ? pair.a : pair.b]);
        sent += 1;
        const body = { uuid: messageUuidAt(Date.now(), random), message: world.text(sent) };
        const answer = await client.ask('POST', `/v1/conversations/${pair.conversation}/messages`, author, body);
        if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
        const { seq } = JSON.parse(answer.body) as { readonly seq?: number };
        sentOne({ token: author, conversation: pair.conversation, seq: seq ?? 0 });
      },
      page: async () => {
        const pair = pick(pairs, random);
        const path = `/v1/conversations/${pair.conversation}/messages?limit=20`;
        const count = listOf(await client.ask('GET', path, must(target.tokens[pair.a])), 'messages');
        if (count !== 20) throw new Error(`a page of ${count}`);
      },
      inbox: async () => {
        const answer = await client.ask('GET', '/v1/conversations?limit=20', pick(target.tokens, random));
        const count = listOf(answer, 'conversations');
        if (count !== 20) throw new Error(`an inbox of ${count}`);
      },
    },
  };
};
