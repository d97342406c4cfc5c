/** The HTTP contract mounted in a Fastify application of one's own, and the client SDK speaking to it. */
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { createApi, platformRuntime } from 'parley/client';
import { createEmbeddedIssuer, parleyServer } from 'parley/server';
import { messenger } from './messenger.ts';

const issuer = await createEmbeddedIssuer(Date.now);
const app = fastify();
await app.register(parleyServer, {
  messenger,
  issuer,
  verify: issuer.verify,
  ready: async () => undefined,
  signIn: () => ({ sign_in: 'embedded', people: [] }),
  rateLimits: { perUser: 20, perAddress: 200 },
  now: Date.now,
  random: Math.random,
  randomUuid: randomUUID,
});
const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });

let token = '';
const { fetch, setTimer } = platformRuntime();
const api = createApi({ baseUrl, fetch, setTimer, token: async () => token, timeoutMs: 10_000 });
token = (await api.signIn({ handle: 'ana' })).access_token;
console.log((await api.conversations({})).conversations.length);
await app.close();
