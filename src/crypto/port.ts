/**
 * What the messenger asks of encryption (SEC-2): text in, a sealed string out, bound to the place it is stored at.
 *
 * A sealed string opens only at the same conversation, seq and author; moved, changed or sealed by another key, it is
 * unreadable with a reason, never an exception, so that one bad item does not take a page down (SEC-3).
 */
import type { ConversationUuid, UserUuid } from '#domain/ids';

/** Where a sealed text stands; the additional data of its encryption. */
export interface Place {
  readonly conversation: ConversationUuid;
  readonly seq: number;
  readonly author: UserUuid;
}

/** Why a sealed text does not open. */
export type UnreadableReason = 'tampered' | 'malformed' | 'unknown_version' | 'wrong_key' | 'key_gone';

/** The key that opened a text. While it is live the text may be shown, and what was made of it; afterwards both are forgotten. */
export interface Lease {
  /** @param now milliseconds since the epoch. */
  live(now: number): boolean;
}

/** Without a lease a text is good for the moment it was asked for. */
export type Opened = { readonly text: string } | { readonly unreadable: UnreadableReason };

/** Deletes data keys for good: what an erasure asks of the keyring's table (USER-5). */
export interface KeyEraser {
  /** Deletes all data keys of an author, and says how many there were. Safe to repeat. */
  deleteAllOf(author: UserUuid, deadline?: number): Promise<number>;
}

/** Calls reject only when the keyring cannot be reached (`unavailable`), never for what is stored. */
export interface Sealer {
  /** The text, sealed for one place: at once when the key is at hand. `deadline` in milliseconds since the epoch. */
  seal(place: Place, text: string, deadline?: number): string | Promise<string>;
  /** In the order asked; keys are fetched once per (conversation, author). Adds to `leases` the keys that opened something. */
  open(
    sealed: readonly { readonly place: Place; readonly sealed: string }[],
    deadline?: number,
    leases?: Set<Lease>,
  ): Promise<Opened[]>;
  /** Forgets unwrapped keys of an author here (erase, disable); the keys table is not touched. */
  forget(author: UserUuid): void;
}
