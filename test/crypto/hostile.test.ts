/** SEC-3: whatever somebody who can write the table puts where a sealed text belongs, the rest of the page still opens. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kidOf, sealedCharactersMax } from '#crypto/jwe';
import type { Opened, Place, UnreadableReason } from '#crypto/port';
import type { createSealer } from '#crypto/sealer';
import { ciphersOnly, conversation, kidWithin, localRig, place, user, watched } from './rig.ts';

interface Sealed {
  readonly place: Place;
  readonly sealed: string;
}

const text = 'The quick brown fox, 🦊, jumps over the lazy dog.';
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** What an attribute may hold after somebody has written to the table by hand. */
const strange = fc.oneof(fc.string({ unit: 'binary' }), fc.anything());

let rig: Awaited<ReturnType<typeof localRig>>;
/** One that has opened the good texts before, and one that remembers nothing. */
let readers: readonly ReturnType<typeof createSealer>[];
/** Ten of two authors in one conversation, two generations of keys each. */
let page: readonly Sealed[];
let victim: Sealed;
/** What the second reader has asked of the table of keys. */
let requests = 0;

beforeAll(async () => {
  rig = await localRig();
  const { sealer, keyring } = rig.node();
  const items: Sealed[] = [];
  for (let seq = 1; seq <= 10; seq += 1) {
    if (seq === 6) for (const author of [1, 2]) await keyring.rotateDataKey(place(5, author));
    const at = place(seq, 1 + (seq % 2));
    items.push({ place: at, sealed: await sealer.seal(at, text) });
  }
  page = items;
  victim = at(page, 4);
  const table = watched(rig.table, (_, run) => {
    requests += 1;
    return run();
  });
  readers = [sealer, rig.node({ table, sealer: ciphersOnly }).sealer];
  await readers[1]?.open(page);
});
afterAll(() => rig.done());

const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new RangeError(`nothing at ${index}`);
  return item;
};

const count = (sealer: ReturnType<typeof createSealer>): number =>
  Object.values(sealer.counters.unreadable).reduce((sum, n) => sum + n, 0);

/** Opens the hostile item in the middle of the page, as each reader; all others must open, and the reason be counted. */
const openAmongOthers = async (hostile: Sealed): Promise<UnreadableReason> => {
  let reason: UnreadableReason | undefined;
  for (const sealer of readers) {
    const before = count(sealer);
    const opened = await sealer.open([...page.slice(0, 5), hostile, ...page.slice(5)]);
    const [item] = opened.splice(5, 1);
    expect(opened).toEqual(page.map((): Opened => ({ text })));
    if (item === undefined || !('unreadable' in item)) throw new Error(`opened: ${JSON.stringify([hostile, item])}`);
    expect(count(sealer)).toBe(before + 1);
    if (reason !== undefined) expect(item.unreadable).toBe(reason);
    reason = item.unreadable;
  }
  if (reason === undefined) throw new TypeError('there are two readers');
  return reason;
};

describe('[SEC-3] a stored text that is not as it was sealed', () => {
  test('[SEC-3] any one character changed to any other is unreadable', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(victim.sealed.length - 1),
        fc.constantFrom(...alphabet, '+', '/', '=', '.', ' ', 'é'),
        async (n, other) => {
          fc.pre(victim.sealed[n] !== other);
          await openAmongOthers({ ...victim, sealed: victim.sealed.slice(0, n) + other + victim.sealed.slice(n + 1) });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('[SEC-3] each character changed in its last bit is unreadable: no two strings are one text', async () => {
    for (let n = 0; n < victim.sealed.length; n += 1) {
      const other = alphabet[alphabet.indexOf(victim.sealed.charAt(n)) ^ 1] ?? 'A';
      await openAmongOthers({ ...victim, sealed: victim.sealed.slice(0, n) + other + victim.sealed.slice(n + 1) });
    }
  });

  test('[SEC-3] cut at every length, from either end, it is malformed or unreadable', async () => {
    for (let n = 0; n < victim.sealed.length; n += 1) {
      await openAmongOthers({ ...victim, sealed: victim.sealed.slice(0, n) });
      await openAmongOthers({ ...victim, sealed: victim.sealed.slice(n + 1) });
    }
  });

  test('[SEC-3] a stranger’s string, or no string, is malformed', async () => {
    await fc.assert(
      fc.asyncProperty(strange, async (value) => {
        expect(await openAmongOthers({ ...victim, sealed: value as string })).toBe('malformed');
      }),
      { numRuns: 200 },
    );
  });

  test('[SEC-3] a huge string is malformed, and not looked at', async () => {
    const huge = `${kidWithin(victim.sealed)}.${'A'.repeat(sealedCharactersMax)}`;
    expect(await openAmongOthers({ ...victim, sealed: huge })).toBe('malformed');
    expect(await openAmongOthers({ ...victim, sealed: 'A'.repeat(400_000) })).toBe('malformed');
  });
});

describe('[SEC-3] a stored text that is not where it was sealed', () => {
  test('[SEC-3] two items that swap their texts are both unreadable', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(9), fc.nat(9), async (a, b) => {
        fc.pre(a !== b);
        const reason = await openAmongOthers({ place: at(page, a).place, sealed: at(page, b).sealed });
        expect(reason).toBe(a % 2 === b % 2 ? 'tampered' : 'wrong_key');
      }),
      { numRuns: 60 },
    );
  });

  test('[SEC-3] any other seq, author or conversation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.nat(4), fc.nat(4), async (seq, author, inConversation) => {
        const elsewhere: Place = { seq, author: user(author), conversation: conversation(inConversation) };
        fc.pre(
          JSON.stringify(elsewhere) !==
            JSON.stringify({
              seq: victim.place.seq,
              author: victim.place.author,
              conversation: victim.place.conversation,
            }),
        );
        await openAmongOthers({ place: elsewhere, sealed: victim.sealed });
      }),
      { numRuns: 120 },
    );
  });

  test('[SEC-3] a place that is none: it is malformed, and the table of keys is not asked', async () => {
    const before = requests;
    const noSeq = strange.filter((value) => !Number.isSafeInteger(value));
    await fc.assert(
      fc.asyncProperty(strange, noSeq, async (name, seq) => {
        for (const changes of [{ author: name }, { conversation: name }, { seq }]) {
          const nowhere = { ...victim.place, ...changes } as Place;
          expect(await openAmongOthers({ place: nowhere, sealed: victim.sealed })).toBe('malformed');
        }
      }),
      { numRuns: 100 },
    );
    expect(requests).toBe(before);
  });
});

describe('[SEC-3] a stored text under another key', () => {
  const withKid = (kid: string): string => kid + victim.sealed.slice(kidWithin(victim.sealed).length);

  test('[SEC-3] of another version is of an unknown version', async () => {
    expect(await openAmongOthers({ ...victim, sealed: withKid('3.1.AAECAwQFBgc') })).toBe('unknown_version');
    const first = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"1.1.AAECAwQFBgc"}').toString('base64url');
    expect(await openAmongOthers({ ...victim, sealed: withKid(first) })).toBe('unknown_version');
  });

  test('[SEC-3] of a generation that is not there is of a key gone; of a key that is not this one, of a wrong key', async () => {
    const other = kidOf({ generation: 7, id: 'AAECAwQFBgc' });
    expect(await openAmongOthers({ ...victim, sealed: withKid(other) })).toBe('key_gone');
    const sameGeneration = kidOf({ generation: 1, id: 'AAECAwQFBgc' });
    expect(await openAmongOthers({ ...victim, sealed: withKid(sameGeneration) })).toBe('wrong_key');
  });

  test('[SEC-3] of the author’s own other generation is tampered with', async () => {
    const kid = kidWithin(at(page, 6).sealed);
    expect(at(page, 6).place.author).toBe(victim.place.author);
    expect(await openAmongOthers({ ...victim, sealed: withKid(kid) })).toBe('tampered');
  });
});

describe('[SEC-3] an item of the table of keys that is not as it was written', () => {
  test('[SEC-3] each attribute changed, or missing, makes the key’s texts unreadable and no others', async () => {
    const here = await localRig();
    const { sealer } = here.node();
    const mine = { place: place(1), sealed: await sealer.seal(place(1), text) };
    const theirs = { place: place(2, 2), sealed: await sealer.seal(place(2, 2), text) };
    const item = (await here.table.scan({})).items.find(({ user_uuid }) => user_uuid === user(1));
    if (item === undefined) throw new TypeError('a key was made');
    const { pk, sk, ...attributes } = item;
    for (const name of Object.keys(attributes)) {
      const { [name]: _, ...rest } = attributes;
      for (const changed of [rest, { ...rest, [name]: 'changed' }, { ...rest, [name]: 7 }, { ...rest, [name]: null }]) {
        // Any string names a key-encryption key; any number may be where the conversation stood.
        if (name === 'from_seq' && changed[name] === 7) continue;
        await here.table.put({ item: { pk, sk, ...changed } });
        const [one, other] = await here.node().sealer.open([mine, theirs]);
        expect(other).toEqual({ text });
        expect(one).toEqual({ unreadable: name === 'kek' && changed[name] === 'changed' ? 'key_gone' : 'wrong_key' });
      }
    }
    await here.done();
  });

  test('[SEC-3] another’s wrapped key put in the place of mine does not unwrap', async () => {
    const here = await localRig();
    const { sealer } = here.node();
    const mine = { place: place(1), sealed: await sealer.seal(place(1), text) };
    await sealer.seal(place(2, 2), text);
    const [first, second] = (await here.table.scan({})).items;
    if (first === undefined || second === undefined) throw new TypeError('two keys were made');
    const [own, other] = first.user_uuid === user(1) ? [first, second] : [second, first];
    await here.table.put({ item: { ...own, wrapped: other.wrapped ?? '' } });
    expect(await here.node().sealer.open([mine])).toEqual([{ unreadable: 'wrong_key' }]);
    await here.done();
  });
});
