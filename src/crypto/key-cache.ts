/**
 * Unwrapped data keys in memory, bounded by count, age and use. What leaves is let go of, so a memory dump shows the keys
 * of the last minutes only; and an operator sees in the key service's log that a key is still in use.
 */
import { LRUCache } from 'lru-cache';
import type { DataKey } from './data-key.ts';

export interface KeyCache {
  /** The key of this `kid`, for its place, when it is held and may still serve. */
  get(conversation: string, author: string, kid: string, now: number): DataKey | undefined;
  /** The key that seals for this place now. */
  current(conversation: string, author: string, now: number): DataKey | undefined;
  /** Keeps a key, and returns the one to use: the copy already held, where there is one (the new copy is then let go of). */
  add(key: DataKey, now: number): DataKey;
  makeCurrent(key: DataKey): void;
  forget(author: string): void;
  readonly size: number;
}

const nameOf = (conversation: string, author: string, kid: string): string => `${author}/${conversation}/${kid}`;
const nameOfKey = (key: DataKey): string => {
  key.fullName ??= nameOf(key.name.conversation, key.name.author, key.kid);
  return key.fullName;
};

/** Holds at most so many keys at once. */
export const createKeyCache = (keysMax: number): KeyCache => {
  /** By conversation and author. Each of these is a key that is in `keys` too, so the bound on `keys` bounds both. */
  const currents = new Map<string, Map<string, DataKey>>();
  const forgetCurrent = (key: DataKey): void => {
    const { conversation, author } = key.name;
    const authors = currents.get(conversation);
    if (authors?.get(author) !== key) return;
    authors.delete(author);
    if (authors.size === 0) currents.delete(conversation);
  };
  const keys = new LRUCache<string, DataKey>({
    max: keysMax,
    dispose: (key) => {
      key.giveUp();
      forgetCurrent(key);
    },
  });

  const ifServing = (key: DataKey | undefined, now: number): DataKey | undefined => {
    if (key === undefined) return undefined;
    if (key.serves(now)) return key;
    keys.delete(nameOfKey(key));
    return undefined;
  };

  const get: KeyCache['get'] = (conversation, author, kid, now) =>
    ifServing(keys.get(nameOf(conversation, author, kid)), now);

  return {
    get,
    current(conversation, author, now) {
      const key = ifServing(currents.get(conversation)?.get(author), now);
      // Asked for by its full name too, so that a key that only seals counts as used and is not the first to leave.
      return key && keys.get(nameOfKey(key));
    },
    add(key, now) {
      const held = get(key.name.conversation, key.name.author, key.kid, now);
      if (held === undefined) {
        keys.set(nameOfKey(key), key);
        return key;
      }
      key.giveUp();
      return held;
    },
    makeCurrent(key) {
      if (keys.peek(nameOfKey(key)) !== key) return;
      const { conversation, author } = key.name;
      const authors = currents.get(conversation) ?? new Map<string, DataKey>();
      authors.set(author, key);
      currents.set(conversation, authors);
    },
    forget(author) {
      for (const [name, key] of [...keys.entries()]) if (key.name.author === author) keys.delete(name);
    },
    get size() {
      return keys.size;
    },
  };
};
