/** The messenger as a library: two people, one message. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import {
  createKeyring,
  createLocalBus,
  createLocalCache,
  createLocalWrapper,
  createMessenger,
  createPatterns,
  createSealer,
  handle,
  userUuid,
} from 'parley';
import { createMemoryTable, keysSchema, mainSchema } from 'parley/table';

const now = Date.now;
const wrapper = await createLocalWrapper({ folder: await mkdtemp('/tmp/parley-keys-'), nodeEnv: undefined });
const keys = createMemoryTable({ schema: keysSchema, name: 'keys', now });
const sealer = createSealer({ keyring: createKeyring({ table: keys, wrapper, now, randomBytes }), now });
const table = createMemoryTable({ schema: mainSchema, name: 'main', now });
const patterns = createPatterns(table, () => undefined, performance.now.bind(performance));
const cache = createLocalCache(now, Math.random);
export const { messenger } = createMessenger({ patterns, sealer, cache, bus: createLocalBus(), now, randomBytes });

const [ana, ben] = [userUuid('a0000000-0000-4000-8000-00000000000a'), userUuid('b0000000-0000-4000-8000-00000000000b')];
const [anaHandle, benHandle] = [handle('ana'), handle('ben')];
if (!ana || !ben || !anaHandle || !benHandle) throw new Error('these are uuids and handles');
await messenger.provision(ana, { handle: anaHandle });
await messenger.provision(ben, { handle: benHandle });
const { conversation } = await messenger.open({ user: ana }, { handles: [benHandle] });
const sent = await messenger.send({ user: ana }, conversation.uuid, { message: 'hello' });
console.log(sent.message.seq, sent.message.message);
