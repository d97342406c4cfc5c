/**
 * Texts opened not long ago, so that a page that is read again costs no ciphers: without it a page of 20 takes half as
 * long again through HTTP (docs/adr/0005).
 *
 * A text is found by its whole sealed string and given out only at the very place it was opened at, and only while the
 * key that opened it may still serve: what is moved, changed, or forgotten goes the long way.
 */
import { LRUCache } from 'lru-cache';
import type { DataKey } from './data-key.ts';
import type { Place } from './port.ts';

interface OpenedText {
  readonly seq: number;
  readonly text: string;
  /** The key of the place: its conversation and author are the key's own. */
  readonly key: DataKey;
}

export interface OpenedTexts {
  get(place: Place, sealed: string, now: number): string | undefined;
  /** Remembers what `key` opened or sealed at `seq`. */
  set(key: DataKey, seq: number, sealed: string, text: string): void;
  forget(author: string): void;
  readonly size: number;
}

/** At most so many characters, sealed and opened together, and so many texts. 0 texts: none are kept. */
export const createOpenedTexts = (textsMax: number, charactersMax: number): OpenedTexts => {
  if (textsMax === 0) return { get: () => undefined, set: () => undefined, forget: () => undefined, size: 0 };
  const texts = new LRUCache<string, OpenedText>({
    max: textsMax,
    maxSize: charactersMax,
    sizeCalculation: (opened, sealed) => opened.text.length + sealed.length,
  });
  return {
    get(place, sealed, now) {
      const opened = texts.get(sealed);
      if (opened === undefined) return undefined;
      const { conversation, author } = opened.key.name;
      if (opened.seq !== place.seq || conversation !== place.conversation || author !== place.author) return undefined;
      if (opened.key.live(now)) return opened.text;
      texts.delete(sealed);
      return undefined;
    },
    set(key, seq, sealed, text) {
      texts.set(sealed, { seq, text, key });
    },
    forget(author) {
      for (const [sealed, opened] of [...texts.entries()]) if (opened.key.name.author === author) texts.delete(sealed);
    },
    get size() {
      return texts.size;
    },
  };
};
