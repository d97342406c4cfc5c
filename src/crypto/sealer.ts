/**
 * The sealer: text to sealed string and back, with the data key of its conversation and author (SEC-2, SEC-3).
 *
 * Whatever is stored, opening it ends in a text or a reason; every reason is counted.
 */
import { conversationUuid, userUuid } from '#domain/ids';
import type { DataKey } from './data-key.ts';
import { isWhole, kidIn, type SealedAt, sealedCharactersMax } from './jwe.ts';
import type { Keyring, MissingKey, NamedKey } from './keyring.ts';
import { type ConversationTexts, createOpenedTexts } from './opened-texts.ts';
import type { Opened, Place, Sealer, UnreadableReason } from './port.ts';

const sealerDefaults = {
  /**
   * Texts kept opened: five thousand pages of 20, so that those in use do not put each other out. 0: every text goes through
   * its cipher.
   */
  openedTextsMax: 100_000,
  /** Characters of them, sealed and open: messages of 200 characters take 600, so this bounds them at about 60 MB. */
  openedCharactersMax: 60_000_000,
} as const;

/**
 * How many of the latest seals stay remembered (`DataKey.recall`): at thousands a second those that are read at once, and with
 * fewer those of the last minutes. More of them would live just long enough to be copied twice by the garbage collector.
 */
const latestMax = 256;

/** The keys of the latest seals, in a ring. */
const createLatest = (): ((key: DataKey) => void) => {
  const keys: DataKey[] = [];
  let next = 0;
  return (key) => {
    // In this order: the one that leaves may be the same key's, which stays.
    key.amongLatest();
    keys[next]?.noLongerAmongLatest();
    keys[next] = key;
    next = (next + 1) % latestMax;
  };
};

/** UTF-8 octets of a text whose sealed string is not longer than what is opened; the longest message takes 16,384. */
const textBytesMax = Math.floor((sealedCharactersMax * 3) / 4) - 512;

export interface SealerOptions {
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits?: Partial<{ readonly [Name in keyof typeof sealerDefaults]: number }>;
}

/** Sums since the start, for metrics. */
export interface SealerCounters {
  readonly sealed: number;
  /** Opened by a cipher. */
  readonly opened: number;
  /** Found opened already. */
  readonly recalled: number;
  /** Opened texts held now. */
  readonly held: number;
  readonly unreadable: Readonly<Record<UnreadableReason, number>>;
}

/** Places are made from stored items too, so their types are not to be relied on. */
const isPlace = ({ conversation, seq, author }: Place): boolean =>
  typeof conversation === 'string' && typeof author === 'string' && Number.isSafeInteger(seq);

/** Only uuids name keys: anything else, out of a changed item, must not reach the table as a key of its own making. */
const namesKeys = ({ conversation, author }: Place): boolean =>
  conversationUuid(conversation) === conversation && userUuid(author) === author;

interface SealedItem extends SealedAt {
  /** Its place among the items asked for. */
  readonly at: number;
}

/** Those of one page that one key opens. */
interface Group extends NamedKey {
  /** What each begins with: the kid and a dot. */
  readonly start: string;
  /** Undefined when it is not held here, and is to be fetched. */
  readonly key: DataKey | undefined;
  readonly items: SealedItem[];
  /** What those came to that are opened, in their order. */
  readonly opened: Opened[];
}

/** A page is mostly of two authors; of more than this by turns, some keys are asked for again, which is only slower. */
const groupsLookedAt = 8;

const groupFor = (groups: readonly Group[], { conversation, author }: Place, sealed: unknown): Group | undefined => {
  if (typeof sealed !== 'string' || sealed.length > sealedCharactersMax) return undefined;
  const last = Math.max(0, groups.length - groupsLookedAt);
  for (let n = groups.length - 1; n >= last; n -= 1) {
    const group = groups[n];
    if (group?.author === author && group.conversation === conversation && sealed.startsWith(group.start)) return group;
  }
  return undefined;
};

export const createSealer = (options: SealerOptions): Sealer & { readonly counters: SealerCounters } => {
  const { keyring, now } = options;
  const limits = { ...sealerDefaults, ...options.limits };
  const texts = createOpenedTexts(limits.openedTextsMax, limits.openedCharactersMax);
  const latest = createLatest();
  const sums = { sealed: 0, opened: 0, recalled: 0 };
  const unreadable: Record<UnreadableReason, number> = {
    tampered: 0,
    malformed: 0,
    unknown_version: 0,
    wrong_key: 0,
    key_gone: 0,
  };

  const refuse = (reason: UnreadableReason): Opened => {
    unreadable[reason] += 1;
    return { unreadable: reason };
  };

  const openOne = (key: DataKey, { opened }: Group, { at, seq, sealed }: SealedItem, results: Opened[]): void => {
    const result = key.open(seq, sealed);
    if ('unreadable' in result) unreadable[result.unreadable] += 1;
    else sums.opened += 1;
    results[at] = result;
    opened.push(result);
  };

  const openFetched = (key: DataKey | MissingKey, group: Group, results: Opened[]): void => {
    if (typeof key === 'string') {
      for (const { at, sealed } of group.items) results[at] = refuse(isWhole(group.kid, sealed) ? key : 'malformed');
      return;
    }
    for (const item of group.items) openOne(key, group, item, results);
    texts.opened(key, group.items, group.opened);
  };

  /** The group that a text begins; its key is asked for, but not fetched. */
  const newGroup = (place: Place, sealed: string): Group | 'malformed' | 'unknown_version' => {
    const parsed = kidIn(sealed);
    if ('unreadable' in parsed) return parsed.unreadable;
    const { kid } = parsed;
    const { conversation, author } = place;
    const key = keyring.held(conversation, author, kid);
    if (key === undefined && (!namesKeys(place) || !isWhole(kid, sealed))) return 'malformed';
    return { conversation, author, kid, start: `${kid}.`, key, items: [], opened: [] };
  };

  return {
    seal(place, text, deadline) {
      if (Buffer.byteLength(text) > textBytesMax) {
        return Promise.reject(new RangeError(`a text of more than ${textBytesMax} octets`));
      }
      return keyring.withCurrent(
        place,
        (key) => {
          const sealed = key.seal(place.seq, text);
          latest(key);
          sums.sealed += 1;
          return sealed;
        },
        deadline,
      );
    },

    async open(items, deadline, leases) {
      const at = now();
      const results = new Array<Opened>(items.length);
      const groups: Group[] = [];
      let remembered: { readonly of: string; readonly texts: ConversationTexts | undefined } | undefined;
      for (let index = 0; index < items.length; index += 1) {
        const item = items[index];
        if (item === undefined) continue;
        const { place, sealed } = item;
        if (remembered?.of !== place.conversation)
          remembered = { of: place.conversation, texts: texts.of(place.conversation) };
        const recalled = remembered.texts?.get(place, sealed, at);
        if (recalled !== undefined) {
          sums.recalled += 1;
          results[index] = { text: recalled.text };
          leases?.add(recalled.key);
          continue;
        }
        if (!isPlace(place)) {
          results[index] = refuse('malformed');
          continue;
        }
        const known = groupFor(groups, place, sealed);
        // A key that has no uses left is asked for anew.
        const group = known?.key?.serves(at) === false ? newGroup(place, sealed) : (known ?? newGroup(place, sealed));
        if (typeof group === 'string') {
          results[index] = refuse(group);
          continue;
        }
        if (group !== known) groups.push(group);
        const one = { at: index, seq: place.seq, sealed };
        const own = limits.openedTextsMax === 0 ? undefined : group.key?.recall(one);
        if (own !== undefined) {
          sums.recalled += 1;
          results[index] = { text: own };
          continue;
        }
        group.items.push(one);
        // At once: another look for a key may be what ends this one.
        if (group.key !== undefined) openOne(group.key, group, one, results);
      }
      const wanted: Group[] = [];
      for (const group of groups) {
        if (group.key === undefined) wanted.push(group);
        else {
          texts.opened(group.key, group.items, group.opened);
          leases?.add(group.key);
        }
      }
      if (wanted.length > 0)
        await Promise.all(
          wanted.map((group) => {
            const use = (key: DataKey | MissingKey): void => {
              openFetched(key, group, results);
              if (typeof key !== 'string') leases?.add(key);
            };
            return keyring.withNamed(group, use, deadline);
          }),
        );
      return results;
    },

    forget(author) {
      keyring.forget(author);
      texts.forget(author);
    },

    get counters() {
      return { ...sums, held: texts.size, unreadable: { ...unreadable } };
    },
  };
};
