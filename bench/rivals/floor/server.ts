/** The floor of HTTP: bare Fastify that answers what is ready beforehand, of the same size, and checks nothing. */
import Fastify from 'fastify';

const message = {
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  seq: 1,
  message_group_uuid: '7d3b1f0e-94ab-4ad6-9f6e-9f1c3f0d3f11',
  kind: 'text',
  user_uuid: '7d3b1f0e-94ab-4ad6-9f6e-9f1c3f0d3f11',
  display_name: 'Person 1',
  handle: 'person_1',
  message: 'x'.repeat(100),
  created_at: '2026-01-01T00:00:00.000Z',
};
const twenty = Array.from({ length: 20 }, () => message);

const app = Fastify();
app.post('/v1/conversations/:uuid/messages', (_request, reply) => reply.code(201).send(message));
app.get('/v1/conversations/:uuid/messages', () => ({ messages: twenty }));
app.get('/v1/conversations', () => ({ conversations: twenty }));
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.on('SIGTERM', () => process.exit());
process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : undefined })}\n`);
