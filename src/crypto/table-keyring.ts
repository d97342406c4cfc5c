/**
 * The keyring over the table of wrapped keys: finds or makes data keys, unwraps each once for all who wait (single flight),
 * and keeps what it unwrapped within bounds.
 *
 * Two nodes that make a key at the same moment agree: a key is created by one conditional put, and the loser reads the
 * winner's. A key serves only after its item is durable.
 */

import { LRUCache } from 'lru-cache';
import { ParleyError } from '#domain/errors';
import { TableError } from '#table/errors';
import type { Table } from '#table/port';
import { DataKey } from './data-key.ts';
import { generationMax, readKid } from './jwe.ts';
import { createKeyCache } from './key-cache.ts';
import { createKeyFlights, type KeyFetch } from './key-flights.ts';
import { createKeyReader } from './key-reader.ts';
import { createDataKey, newestDataKey, type StoredKey } from './key-store.ts';
import type { KeyWrapper, WrapContext } from './key-wrapper.ts';
import type { Keyring, MissingKey, NamedKey } from './keyring.ts';
import type { Place } from './port.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

const keyringDefaults = {
  /** Unwrapped keys held: some 500 bytes each, so 5 MB. */
  keysMax: 10_000,
  /** How long an unwrapped key, and what it opened, is kept: after an erase elsewhere, the longest it can be read here. */
  heldMsMax: 10 * minute,
  /** Uses of one unwrapped copy: a thousand pages of a hundred. */
  usesMax: 100_000,
  /** How long a key found gone is not looked for again. Keys are durable before they seal, so it does not come back. */
  missingMs: minute,
  /**
   * When a new generation is made: after so long, or so many entries of the conversation. At the default rate limit of 20
   * sends a second, 90 days are 1.6 × 10^8 seals, twice that with previews: far below the 2^32 that NIST SP 800-38D
   * (section 8.3) allows one key with random IVs.
   */
  keyAgeMsMax: 90 * day,
  keyEntriesMax: 1_000_000,
} as const;

/** The longest one fetch may take, whatever its caller's deadline. */
const loadMsMax = 3_000;
/** Nodes that make the same generation at once lose to one of them; each try finds what the winner wrote. */
const mintAttemptsMax = 5;

export interface KeyringOptions {
  readonly table: Table;
  readonly wrapper: KeyWrapper;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Cryptographically secure random bytes, for the ids of keys. */
  readonly randomBytes: (count: number) => Buffer;
  readonly limits?: Partial<{ readonly [Name in keyof typeof keyringDefaults]: number }>;
}

export interface TableKeyring extends Keyring {
  /**
   * Makes the next generation for a conversation and author; what older ones sealed stays readable. `place.seq` is where
   * the conversation stands. Other nodes follow within `heldMsMax`. Returns the generation that is now the newest.
   */
  rotateDataKey(place: Place, deadline?: number): Promise<number>;
}

const contextOf = (table: Table, conversation: string, author: string): WrapContext => ({
  author,
  conversation,
  table: table.name,
});

/** What the table or the key service could not do, as users are told of it; anything else is a mistake and passes on. */
export const asUnavailable = (error: unknown): unknown => {
  if (!(error instanceof TableError) || error.code === 'invalid' || error.code === 'condition_failed') return error;
  return new ParleyError('unavailable', 'The keys cannot be reached.', { cause: error, retryAfterSeconds: 1 });
};

export const createKeyring = (options: KeyringOptions): TableKeyring => {
  const { table, wrapper, now, randomBytes } = options;
  const limits = { ...keyringDefaults, ...options.limits };
  const cache = createKeyCache(limits.keysMax);
  const missing = new LRUCache<string, { readonly reason: MissingKey; readonly until: number }>({
    max: limits.keysMax,
  });
  const flights = createKeyFlights(now, loadMsMax);
  const readKey = createKeyReader(table);
  const sums = { unwrapped: 0, minted: 0, missing: 0, unavailable: 0 };

  const unwrap = async (key: StoredKey, deadline: number): Promise<DataKey | MissingKey> => {
    const plain = await wrapper.unwrap(contextOf(table, key.conversation, key.author), key, deadline);
    if (typeof plain === 'string') return plain;
    sums.unwrapped += 1;
    const { conversation, author, generation, id, createdAt, fromSeq } = key;
    const name = { conversation, author, generation, id, createdAt, fromSeq };
    return new DataKey(name, plain, now() + limits.heldMsMax, limits.usesMax);
  };

  /** The key of this generation, made here; undefined when another node was first. */
  const mint = async (place: Place, generation: number, deadline: number): Promise<DataKey | undefined> => {
    if (generation > generationMax)
      throw new ParleyError('internal', 'A conversation has no generations of keys left.');
    const { conversation, author } = place;
    const { plain, wrapped, kek } = await wrapper.generate(contextOf(table, conversation, author), deadline);
    const id = randomBytes(8).toString('base64url');
    const key = { conversation, author, generation, id, wrapped, kek, createdAt: now(), fromSeq: place.seq };
    let created = false;
    try {
      created = await createDataKey(table, key, { deadline });
    } finally {
      if (!created) plain.fill(0);
    }
    if (!created) return undefined;
    sums.minted += 1;
    return new DataKey(key, plain, now() + limits.heldMsMax, limits.usesMax);
  };

  const servedEnough = (key: { readonly createdAt: number; readonly fromSeq: number }, seq: number): boolean =>
    now() - key.createdAt >= limits.keyAgeMsMax || seq - key.fromSeq >= limits.keyEntriesMax;

  const loadCurrent = async (place: Place, deadline: number): Promise<DataKey> => {
    for (let attempt = 0; attempt < mintAttemptsMax; attempt += 1) {
      const newest = await newestDataKey(table, place.conversation, place.author, { deadline });
      if (newest?.key !== undefined && !servedEnough(newest.key, place.seq)) {
        const key = await unwrap(newest.key, deadline);
        if (typeof key !== 'string') return key;
        // The newest key is no use (its key-encryption key is gone, or its item was changed): seal with a new one.
      }
      const minted = await mint(place, (newest?.generation ?? 0) + 1, deadline);
      if (minted !== undefined) return minted;
    }
    throw new ParleyError('unavailable', 'Too many nodes are making the same key.', { retryAfterSeconds: 1 });
  };

  const missed = (name: string, reason: MissingKey): MissingKey => {
    sums.missing += 1;
    missing.set(name, { reason, until: now() + limits.missingMs });
    return reason;
  };

  /** `name` is what the key goes by in `missing`. */
  const loadNamed = async (
    { conversation, author, kid }: NamedKey,
    name: string,
    deadline: number,
  ): Promise<DataKey | MissingKey> => {
    const id = readKid(kid);
    if (id === undefined) return missed(name, 'key_gone');
    const { found, index } = readKey({ conversation, author, generation: id.generation }, deadline);
    const stored = (await found)[index];
    if (stored === undefined) return missed(name, 'key_gone');
    if (stored === 'damaged' || stored.id !== id.id) return missed(name, 'wrong_key');
    const key = await unwrap(stored, deadline);
    return typeof key === 'string' ? missed(name, key) : key;
  };

  /** `kept` is called with the copy of the key that is used from now on, unless its author is forgotten meanwhile. */
  const fetchKey = async <T>(
    { name, author, deadline, load }: Omit<KeyFetch, 'keep'>,
    kept: (key: DataKey) => void,
    use: (key: DataKey | MissingKey) => T,
  ): Promise<T> => {
    const keep = (key: DataKey): DataKey => {
      const copy = cache.add(key, now());
      kept(copy);
      return copy;
    };
    try {
      return await flights.join({ name, author, deadline, load, keep }, use);
    } catch (error) {
      sums.unavailable += 1;
      throw asUnavailable(error);
    }
  };

  const noDeadline = Number.MAX_SAFE_INTEGER;

  const rotateDataKey: TableKeyring['rotateDataKey'] = async (place, deadline = noDeadline) => {
    const until = Math.min(deadline, now() + loadMsMax);
    try {
      const newest = await newestDataKey(table, place.conversation, place.author, { deadline: until });
      const minted = await mint(place, (newest?.generation ?? 0) + 1, until);
      // Another node made this generation at the same moment: it is as fresh as one made here.
      if (minted === undefined) return (newest?.generation ?? 0) + 1;
      const kept = cache.add(minted, now());
      cache.makeCurrent(kept);
      return kept.name.generation;
    } catch (error) {
      throw asUnavailable(error);
    }
  };

  return {
    held: (conversation, author, kid) => cache.get(conversation, author, kid, now()),

    withNamed<T>(named: NamedKey, use: (key: DataKey | MissingKey) => T, deadline = noDeadline) {
      const { conversation, author, kid } = named;
      const held = cache.get(conversation, author, kid, now());
      if (held !== undefined) return use(held);
      const name = `${author}/${conversation}/${kid}`;
      const known = missing.size === 0 ? undefined : missing.get(name);
      if (known !== undefined && now() < known.until) return use(known.reason);
      const load = (until: number): Promise<DataKey | MissingKey> => loadNamed(named, name, until);
      return fetchKey({ name, author, deadline, load }, () => undefined, use);
    },

    withCurrent<T>(place: Place, use: (key: DataKey) => T, deadline = noDeadline) {
      const held = cache.current(place.conversation, place.author, now());
      if (held !== undefined && !servedEnough(held.name, place.seq)) return use(held);
      const { author } = place;
      const name = `${author}/${place.conversation}`;
      const load = (until: number): Promise<DataKey> => loadCurrent(place, until);
      return fetchKey({ name, author, deadline, load }, cache.makeCurrent, (key) => {
        if (typeof key === 'string') throw new TypeError('a current key is made when it is missing');
        return use(key);
      });
    },

    forget(author) {
      cache.forget(author);
      flights.forget(author);
    },

    rotateDataKey,

    get counters() {
      return { held: cache.size, ...sums };
    },
  };
};
