/**
 * An unwrapped data key in this process's memory: usable until it is given up, then let go of. Whoever is about to use it
 * holds it first, so that it is never let go of under a cipher's hands.
 *
 * Its bytes stand in a key object of Node's, outside of JavaScript's memory, and Node overwrites them when it frees the object: at
 * the garbage collection after it was let go of. A Buffer could be overwritten at once, but a cipher made of one takes four times as
 * long on some versions of Node, and no version is slower with a key object (docs/adr/0005).
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { aadEncoder } from './aad.ts';
import { type KeyId, kidOf, openWith, type SealedAt, sealWith } from './jwe.ts';
import type { Opened } from './port.ts';

/** The longest text, in UTF-16 units, that a key remembers having sealed: as many keys as are held remember one each. */
const rememberedMax = 1_024;

interface Sealed extends SealedAt {
  readonly text: string;
}

/** Whose key it is, which one, when it was made (milliseconds since the epoch), and where its conversation stood then. */
export interface DataKeyName extends KeyId {
  readonly conversation: string;
  readonly author: string;
  readonly createdAt: number;
  readonly fromSeq: number;
}

export class DataKey {
  readonly name: DataKeyName;
  /** What all that this key seals begins with. */
  readonly kid: string;
  /** When this copy must be given up, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Seals and opens since it was unwrapped here. */
  uses = 0;
  /** What the cache calls it, made once: it is asked for by each seal. */
  fullName: string | undefined;
  /** All that this copy has opened as part of a page stands between these two seqs. */
  openedFrom = Number.POSITIVE_INFINITY;
  openedTo = 0;
  readonly #usesMax: number;
  #bytes: KeyObject | undefined;
  #holds = 0;
  #givenUp = false;
  /**
   * What it sealed last here. That is read next, by those it was sent to; those before have mostly been read by then, and to
   * remember them too costs a busy node more, in garbage collection, than their ciphers.
   */
  #newest: Sealed | undefined;
  /** How many of the latest seals of all keys, for which that is worth it, are this one's. */
  #latest = 0;
  #aad: ((seq: number) => Buffer) | undefined;
  #aadAsked = false;

  /** Takes over `bytes`: they are zeroed at once. `usesMax` bounds the seals and opens of this copy. */
  constructor(name: DataKeyName, bytes: Buffer, expiresAt: number, usesMax: number) {
    this.name = name;
    this.kid = kidOf(name);
    this.expiresAt = expiresAt;
    this.#usesMax = usesMax;
    this.#bytes = createSecretKey(bytes);
    bytes.fill(0);
  }

  /** True while what the key opened may still be shown. */
  live(now: number): boolean {
    return !this.#givenUp && now < this.expiresAt;
  }

  /** True while the key may seal and open. */
  serves(now: number): boolean {
    return this.live(now) && this.uses < this.#usesMax;
  }

  hold(count = 1): void {
    this.#holds += count;
  }

  release(): void {
    this.#holds -= 1;
    this.#letGoWhenFree();
  }

  /** The key serves no more; its bytes are let go of as soon as nobody holds it. */
  giveUp(): void {
    this.#givenUp = true;
    this.#newest = undefined;
    this.#letGoWhenFree();
  }

  /** True once the bytes are let go of. */
  get gone(): boolean {
    return this.#bytes === undefined;
  }

  seal(seq: number, text: string): string {
    this.uses += 1;
    const sealed = sealWith(this.#held(), this.kid, this.#aadEncoder()(seq), text);
    // Only a text that has a UTF-8 form comes back from its sealed string as it was.
    const remembered = !this.#givenUp && text.length <= rememberedMax && text.isWellFormed();
    this.#newest = remembered ? { seq, sealed, text } : undefined;
    return sealed;
  }

  /** One more of the latest seals is this key's. */
  amongLatest(): void {
    this.#latest += 1;
  }

  /** One fewer is; after the last of them nothing is remembered. */
  noLongerAmongLatest(): void {
    this.#latest -= 1;
    if (this.#latest === 0) this.#newest = undefined;
  }

  /** The text of what this key sealed last here, if it is this very string at this very place; no use is counted. */
  recall({ seq, sealed }: SealedAt): string | undefined {
    return this.#newest?.seq === seq && this.#newest.sealed === sealed ? this.#newest.text : undefined;
  }

  /** Opens a string that begins with this key's `kid`. */
  open(seq: number, sealed: string): Opened {
    this.uses += 1;
    return openWith(this.#held(), this.kid, this.#aadEncoder()(seq), sealed);
  }

  /** A key that was let go of has no bytes; to use it is a mistake in the code. */
  #held(): KeyObject {
    if (this.#bytes === undefined) throw new TypeError('a data key was used after it was given up');
    return this.#bytes;
  }

  /** Kept from the second time on: most keys open one page, and what is kept of each is the garbage collector's to carry. */
  #aadEncoder(): (seq: number) => Buffer {
    const encoder = this.#aad ?? aadEncoder(this.kid, this.name.conversation, this.name.author);
    if (this.#aadAsked) this.#aad = encoder;
    this.#aadAsked = true;
    return encoder;
  }

  #letGoWhenFree(): void {
    if (this.#givenUp && this.#holds === 0) this.#bytes = undefined;
  }
}
