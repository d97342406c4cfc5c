/**
 * What the keyring asks of a key-encryption key: data keys made and wrapped, unwrapped again, wrapped anew. Two kinds: a
 * local key file (`local-wrapper.ts`) and AWS KMS (`kms-wrapper.ts`).
 */

/** What a wrapped key is bound to: it unwraps only under the same three (KMS calls this the encryption context). */
export interface WrapContext {
  readonly author: string;
  readonly conversation: string;
  /** The table of keys, so that the keys of one deployment are of no use in another. */
  readonly table: string;
}

/** A data key under a key-encryption key, as it is stored. */
export interface WrappedKey {
  readonly wrapped: Uint8Array;
  /** Which key-encryption key it is under: a KMS key's id, or the name of a local key file. */
  readonly kek: string;
}

/** `deadline` is in milliseconds since the epoch. Calls reject with `unavailable` when the key service cannot be reached. */
export interface KeyWrapper {
  /** The key-encryption key that new data keys are wrapped under. */
  newestKek(): Promise<string>;
  /** A fresh data key of 32 bytes and its wrapping. The caller owns `plain` and zeroes it. */
  generate(context: WrapContext, deadline: number): Promise<WrappedKey & { readonly plain: Buffer }>;
  /**
   * The data key. `wrong_key`: this wrapping was not made here for this context, or was changed. `key_gone`: the
   * key-encryption key it is under exists no more.
   */
  unwrap(context: WrapContext, key: WrappedKey, deadline: number): Promise<Buffer | 'wrong_key' | 'key_gone'>;
  /** The same data key under the newest key-encryption key. */
  rewrap(context: WrapContext, key: WrappedKey, deadline: number): Promise<WrappedKey | 'wrong_key' | 'key_gone'>;
}
