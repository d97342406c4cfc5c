/** A sealer over real parts: the memory table, local key files in a folder of the test's own, a clock the test moves. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyWrapper } from '#crypto/key-wrapper';
import { createLocalWrapper, type LocalKeyWrapper } from '#crypto/local-wrapper';
import type { Place } from '#crypto/port';
import { createSealer, type SealerOptions } from '#crypto/sealer';
import { createKeyring, type KeyringOptions } from '#crypto/table-keyring';
import { type ConversationUuid, conversationUuid, type UserUuid, userUuid } from '#domain/ids';
import { createMemoryTable } from '#table/embedded/memory-table';
import type { Capacity, ScannableTable } from '#table/port';
import { keysSchema } from '#table/schema';

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new TypeError('not a uuid');
  return value;
};

const hex = (n: number): string => n.toString(16).padStart(12, '0');
export const conversation = (n: number): ConversationUuid =>
  must(conversationUuid(`c0000000-0000-5000-8000-${hex(n)}`));
export const user = (n: number): UserUuid => must(userUuid(`a0000000-0000-4000-8000-${hex(n)}`));

/** Conversation 1, author 1, unless told otherwise. */
export const place = (seq: number, author = 1, inConversation = 1): Place => ({
  conversation: conversation(inConversation),
  seq,
  author: user(author),
});

/** The part of a sealed string that names its key. */
export const kidWithin = (sealed: string): string => sealed.slice(0, sealed.lastIndexOf('.'));

export const startOfTime = Date.UTC(2026, 0, 1);

/** What several nodes share: a table of keys, a key service, a clock. */
export interface Rig {
  readonly table: ScannableTable;
  readonly wrapper: KeyWrapper;
  readonly clock: { now: number };
  node(limits?: {
    keyring?: KeyringOptions['limits'];
    sealer?: SealerOptions['limits'];
    table?: ScannableTable;
    wrapper?: KeyWrapper;
  }): {
    readonly keyring: ReturnType<typeof createKeyring>;
    readonly sealer: ReturnType<typeof createSealer>;
  };
}

/** Over a table of the test's own, or the memory table; a table that goes by the true clock needs the rig to begin there. */
export const rigOver = (wrapper: KeyWrapper, over: { table?: ScannableTable; start?: number } = {}): Rig => {
  const clock = { now: over.start ?? startOfTime };
  const now = (): number => clock.now;
  const table = over.table ?? createMemoryTable({ schema: keysSchema, name: 'parley-keys', now });
  return {
    table,
    wrapper,
    clock,
    node(limits = {}) {
      const keyring = createKeyring({
        table: limits.table ?? table,
        wrapper: limits.wrapper ?? wrapper,
        now,
        randomBytes: (count) => randomBytes(count),
        ...(limits.keyring === undefined ? {} : { limits: limits.keyring }),
      });
      const sealer = createSealer({ keyring, now, ...(limits.sealer === undefined ? {} : { limits: limits.sealer }) });
      return { keyring, sealer };
    },
  };
};

type Operation = 'get' | 'batchGet' | 'put' | 'update' | 'query' | 'batchWrite' | 'scan';

/** The table, with each request passed through `around` first: to count it, to hold it up, to fail it. */
export const watched = (
  table: ScannableTable,
  around: <T extends { readonly capacity: Capacity }>(operation: Operation, run: () => Promise<T>) => Promise<T>,
): ScannableTable => ({
  name: table.name,
  feed: table.feed,
  get: (request, call) => around('get', () => table.get(request, call)),
  put: (request, call) => around('put', () => table.put(request, call)),
  update: (request, call) => around('update', () => table.update(request, call)),
  query: (request, call) => around('query', () => table.query(request, call)),
  batchWrite: (writes, call) => around('batchWrite', () => table.batchWrite(writes, call)),
  scan: (request, call) => around('scan', () => table.scan(request, call)),
  batchGet: (keys, consistent, call) => around('batchGet', () => table.batchGet(keys, consistent, call)),
  delete: (request, call) => table.delete(request, call),
  close: () => table.close(),
});

/** With local key files; `done` removes their folder. */
export const localRig = async (): Promise<
  Rig & { readonly wrapper: LocalKeyWrapper; readonly folder: string; done(): Promise<void> }
> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-keys-'));
  const wrapper = await createLocalWrapper({ folder, nodeEnv: 'test' });
  return { ...rigOver(wrapper), wrapper, folder, done: () => rm(folder, { recursive: true, force: true }) };
};

/** The sealer's cache of opened texts off: every opening goes through a cipher. */
export const ciphersOnly = { openedTextsMax: 0 } as const;
