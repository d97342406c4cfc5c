/** The Lens: every request to the table, as it is made. For looking at how the design works, on the embedded default only. */
import { Type } from 'typebox';
import type { ConversationUuid, UserUuid } from '#domain/ids';
import type { Call } from '#messenger/messenger';
import type { LensEvent } from '#protocol/events';
import { entryKey } from '#store/keys';
import { describeUse, type PatternUse } from '#store/patterns';
import type { App, RouteNeeds } from '../app-types.ts';
import { unauthenticated } from '../auth/verify.ts';
import { frameOf, type Stream, type Streams } from '../sse.ts';
import { mustHaveRoom } from '../stream-bounds.ts';
import { answer, problems } from './describe.ts';
import { eventStream } from './events.ts';
import { conversationIn } from './ids.ts';

/** Where the Lens looks. */
export interface LensSource {
  /** Calls the listener after every use of a pattern, until the returned function is called. */
  onUse(listener: (use: PatternUse) => void): () => void;
  /** The stored items of a conversation that the caller is in, as they stand in the table: sealed. */
  items(call: Call, conversation: ConversationUuid): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

const item = { ...entryKey('8d2df086-bfb9-521a-93ca-d8c936e6ce1a', 1), type: 'message', seq: 1 };
const Items = Type.Object(
  { items: Type.Array(Type.Record(Type.String(), Type.Unknown())) },
  { examples: [{ items: [item] }] },
);
const ItemsQuery = Type.Object({ conversation: Type.String() }, { additionalProperties: false });

/** A use of a pattern, in the words of the contract. */
export const lensEventOf = (use: PatternUse): LensEvent => {
  const { operation, index, letter, condition } = describeUse(use);
  return {
    pattern: use.pattern,
    operation,
    ...(letter !== undefined && { letter }),
    ...(index !== undefined && { index }),
    key_condition: condition,
    items: use.items,
    read_units: use.capacity.read,
    write_units: use.capacity.write,
    ms: use.ms,
    cached: use.cached === true,
  };
};

/** JSON for what JSON cannot say: sets and bytes. */
const plain = (_name: string, value: unknown): unknown => {
  if (value instanceof Set) return [...value];
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

export const lensRoutes = (app: App, { callOf }: RouteNeeds, lens: LensSource, streams: Streams): void => {
  /** Who watches by which stream. */
  const watching = new Map<Stream, UserUuid>();
  let leave: (() => void) | undefined;
  const tell = (use: PatternUse): void => {
    const frame = frameOf('request', lensEventOf(use));
    for (const stream of [...watching.keys()]) stream.write(frame);
  };

  app.get(
    '/v1/lens',
    {
      config: { stream: true },
      schema: {
        tags: ['lens'],
        operationId: 'lens',
        summary: 'Every request to the table, as server-sent events',
        response: { 200: eventStream('hello, then one event for each request to the table'), ...problems },
      },
    },
    (request, reply) => {
      const { verified } = request;
      if (verified === null) throw unauthenticated('Send a token: Authorization: Bearer …');
      mustHaveRoom([...watching.values()].filter((user) => user === verified.user).length, streams.count());
      const stream = streams.open(reply.raw, verified.expires, () => {
        watching.delete(stream);
        if (watching.size > 0) return;
        leave?.();
        leave = undefined;
      });
      watching.set(stream, verified.user);
      leave ??= lens.onUse(tell);
      reply.hijack();
    },
  );

  app.get(
    '/v1/lens/items',
    {
      schema: {
        tags: ['lens'],
        operationId: 'lensItems',
        summary: 'The stored items of a conversation, as they stand in the table',
        querystring: ItemsQuery,
        response: { 200: answer(Items, 'The items; texts are sealed'), ...problems },
      },
    },
    async (request, reply) => {
      const conversation = conversationIn({ uuid: request.query.conversation });
      const items = await lens.items(callOf(request), conversation);
      return reply
        .type('application/json')
        .serializer(String)
        .send(JSON.stringify({ items }, plain) as never);
    },
  );
};
