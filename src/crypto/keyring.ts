/**
 * The port `Keyring`: data keys, one line of generations for each conversation and author, unwrapped for as long as they
 * are used. `table-keyring.ts` is the implementation; where the key-encryption key lives is a `KeyWrapper`'s matter.
 */
import type { DataKey } from './data-key.ts';
import type { Place } from './port.ts';

/** Why there is no key: the item of this generation holds another key, or it exists no more. */
export type MissingKey = 'wrong_key' | 'key_gone';

/** The key of a conversation and author that a sealed text's `kid` names. */
export interface NamedKey {
  readonly conversation: string;
  readonly author: string;
  readonly kid: string;
}

/** Sums since the start, for metrics. */
interface KeyringCounters {
  /** Unwrapped keys held now. */
  readonly held: number;
  /** Keys read from the table and unwrapped. */
  readonly unwrapped: number;
  /** Keys made here, the first of a conversation and author or a later generation. */
  readonly minted: number;
  /** Looked for and not found. */
  readonly missing: number;
  /** The table of keys or the key service did not answer. */
  readonly unavailable: number;
}

/**
 * `use` is called at once, without a promise in between, while the key is sure to be held; a key must not be kept past it.
 * Deadlines are in milliseconds since the epoch. Calls reject with `unavailable` only, and answer without a promise when
 * the key is held.
 */
export interface Keyring {
  /** The key that a sealed text's `kid` names, when it is held unwrapped here. */
  held(conversation: string, author: string, kid: string): DataKey | undefined;
  /** The key that a sealed text's `kid` names. */
  withNamed<T>(named: NamedKey, use: (key: DataKey | MissingKey) => T, deadline?: number): T | Promise<T>;
  /** The key to seal with at a place: the newest generation, made when there is none or when the newest has served enough. */
  withCurrent<T>(place: Place, use: (key: DataKey) => T, deadline?: number): T | Promise<T>;
  /** Gives up every unwrapped key of an author. */
  forget(author: string): void;
  readonly counters: KeyringCounters;
}
