/**
 * PostgreSQL behind the same HTTP framework, with the same kind of checks as ours: a bearer token verified once and then known,
 * every field validated, answers serialized by schema, membership checked in the statement. Run with the connection as JSON;
 * prints its port and its tokens' key.
 */
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify from 'fastify';
import { jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { Type } from 'typebox';
import { messageUuidAt } from '../../harness/random.ts';
import { type Author, connect, makeMessages } from './messages.ts';

const [connection, secret] = process.argv.slice(2);
if (connection === undefined || secret === undefined)
  throw new Error('usage: server <connection as JSON> <token secret>');
const database = await connect(JSON.parse(connection) as { host: string });
const messages = makeMessages(database);
const key = new TextEncoder().encode(secret);

const uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' });
const params = Type.Object({ uuid });
const query = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) },
  { additionalProperties: false },
);
const body = Type.Object(
  { uuid: Type.Optional(uuid), message: Type.String({ minLength: 1, maxLength: 4096 }) },
  { additionalProperties: false },
);
const problem = Type.Object({ code: Type.String() });
const message = Type.Object({
  uuid: Type.String(),
  user_uuid: Type.String(),
  display_name: Type.String(),
  handle: Type.String(),
  message: Type.String(),
  created_at: Type.String(),
});
const row = Type.Object({
  uuid: Type.String(),
  other_user_uuid: Type.String(),
  other_user_display_name: Type.String(),
  other_user_handle: Type.String(),
  last_message: Type.String(),
  last_message_at: Type.String(),
  last_seq: Type.Integer(),
  read_seq: Type.Integer(),
  unread: Type.Integer(),
});

const known = new LRUCache<string, Author>({ max: 10_000, ttl: 5_000 });
const authenticate = async (header: string | undefined): Promise<Author | undefined> => {
  if (header?.startsWith('Bearer ') !== true) return undefined;
  const token = header.slice(7);
  const found = known.get(token);
  if (found !== undefined) return found;
  try {
    const { payload } = await jwtVerify(token, key, { issuer: 'bench', audience: 'bench' });
    const author = { uuid: String(payload.sub), handle: String(payload.handle), display_name: String(payload.name) };
    known.set(token, author);
    return author;
  } catch {
    return undefined;
  }
};

const app = Fastify().setValidatorCompiler(TypeBoxValidatorCompiler).withTypeProvider<TypeBoxTypeProvider>();
app.decorateRequest('author', undefined);
app.addHook('onRequest', async (request, reply) => {
  const author = await authenticate(request.headers.authorization);
  if (author === undefined) return reply.code(401).send({ code: 'unauthenticated' });
  request.setDecorator('author', author);
});

app.post(
  '/v1/conversations/:uuid/messages',
  { schema: { params, body, response: { 201: message, 404: problem } } },
  async (request, reply) => {
    const author = request.getDecorator<Author>('author');
    const name = request.body.uuid ?? messageUuidAt(Date.now(), Math.random);
    const sent = await messages.send(request.params.uuid, author, name, request.body.message);
    if (sent === undefined) return reply.code(404).send({ code: 'not_found' });
    const { uuid: user_uuid, handle, display_name } = author;
    const created_at = sent.created_at.toISOString();
    return reply
      .code(201)
      .send({ uuid: name, user_uuid, handle, display_name, message: request.body.message, created_at });
  },
);

app.get(
  '/v1/conversations/:uuid/messages',
  { schema: { params, querystring: query, response: { 200: Type.Object({ messages: Type.Array(message) }) } } },
  async (request) => {
    const author = request.getDecorator<Author>('author');
    const rows = await messages.page(request.params.uuid, author.uuid, request.query.limit ?? 20);
    return { messages: rows.map((one) => ({ ...one, created_at: one.created_at.toISOString() })) };
  },
);

app.get(
  '/v1/conversations',
  { schema: { querystring: query, response: { 200: Type.Object({ conversations: Type.Array(row) }) } } },
  async (request) => {
    const rows = await messages.inbox(request.getDecorator<Author>('author').uuid, request.query.limit ?? 20);
    return {
      conversations: rows.map((one) => ({
        ...one,
        last_message_at: one.last_message_at.toISOString(),
        last_seq: Number(one.last_seq),
        read_seq: Number(one.read_seq),
        unread: Number(one.unread),
      })),
    };
  },
);

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.on('SIGTERM', () => {
  app
    .close()
    .then(() => database.close())
    .then(
      () => process.exit(),
      () => process.exit(1),
    );
});
process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : undefined })}\n`);
