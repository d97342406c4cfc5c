import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ciphersOnly, localRig, place } from '../../test/crypto/rig.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 300 });

describe('sealing and opening', () => {
  let rig: Awaited<ReturnType<typeof localRig>>;
  beforeEach(async () => {
    rig = await localRig();
  });
  afterEach(() => rig.done());

  test('[SEC-2] what is sealed opens at its place, here and on another node, and is not to be seen in the sealed string', async () => {
    const [here, there] = [rig.node(), rig.node()];
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 999_999_999_999 }), async (text, seq) => {
        const sealed = await here.sealer.seal(place(seq), text);
        for (const { sealer } of [here, there])
          expect(await sealer.open([{ place: place(seq), sealed }])).toEqual([{ text }]);
        if (text.length > 4) expect(sealed).not.toContain(text);
      }),
      { numRuns: 100 },
    );
    expect(here.sealer.counters).toMatchObject({ sealed: 100, recalled: 100, opened: 0 });
    expect(there.sealer.counters).toMatchObject({ sealed: 0, opened: 100 });
  });

  test('[SEC-2] the same text sealed twice is two different strings: each has an IV of its own', async () => {
    const { sealer } = rig.node();
    const sealed = new Set<string>();
    for (let n = 0; n < 600; n += 1) {
      const [, , , body = ''] = (await sealer.seal(place(1), 'same')).split('.');
      sealed.add(body.slice(0, 16));
    }
    expect(sealed.size).toBe(600);
  });

  test('[SEC-2] a page is opened in the order asked, each text by the key of its own author', async () => {
    const { sealer } = rig.node();
    const reader = rig.node({ sealer: ciphersOnly });
    const items = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => ({
        place: place(n + 1, n % 3),
        sealed: await sealer.seal(place(n + 1, n % 3), `text ${n}`),
      })),
    );
    expect(await reader.sealer.open(items)).toEqual(items.map((_, n) => ({ text: `text ${n}` })));
    expect(reader.keyring.counters.unwrapped).toBe(3);
  });

  test('[SEC-2] a text without a UTF-8 form reads the same from memory as from the cipher', async () => {
    const [here, there] = [rig.node(), rig.node()];
    const sealed = await here.sealer.seal(place(1), 'half \ud800 a pair');
    const items = [{ place: place(1), sealed }];
    expect(await here.sealer.open(items)).toEqual(await there.sealer.open(items));
  });

  test('a text too long ever to be opened again is not sealed', async () => {
    const { sealer } = rig.node();
    const longest = '\u{1f600}'.repeat(4_096);
    const sealed = await sealer.seal(place(1), longest);
    expect(await rig.node().sealer.open([{ place: place(1), sealed }])).toEqual([{ text: longest }]);
    await expect(sealer.seal(place(1), 'x'.repeat(40_000))).rejects.toThrow(RangeError);
  });

  test('[SEC-3] a text sealed here is given out only at its place, and not after its author is forgotten', async () => {
    const { sealer } = rig.node();
    const sealed = await sealer.seal(place(7), 'here only');
    expect(await sealer.open([{ place: place(7), sealed }])).toEqual([{ text: 'here only' }]);
    expect(sealer.counters.recalled).toBe(1);
    expect(await sealer.open([{ place: place(8), sealed }])).toEqual([{ unreadable: 'tampered' }]);
    expect(await sealer.open([{ place: place(7, 2), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    expect(await sealer.open([{ place: place(7, 1, 2), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    sealer.forget(place(7).author);
    await rig.table.batchWrite([{ delete: { pk: `KEY#${place(7).author}`, sk: `${place(7).conversation}#000001` } }]);
    expect(await sealer.open([{ place: place(7), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    expect(sealer.counters.recalled).toBe(1);
  });

  test('[SEC-3] a text opened before is given out only at its place, and not after its author is forgotten', async () => {
    const sealed = await rig.node().sealer.seal(place(7), 'here only');
    const { sealer } = rig.node();
    for (const recalled of [0, 0, 1]) {
      expect(await sealer.open([{ place: place(7), sealed }])).toEqual([{ text: 'here only' }]);
      expect(sealer.counters.recalled).toBe(recalled);
    }
    expect(await sealer.open([{ place: place(8), sealed }])).toEqual([{ unreadable: 'tampered' }]);
    expect(await sealer.open([{ place: place(7, 2), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    expect(await sealer.open([{ place: place(7, 1, 2), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    expect(sealer.counters.held).toBe(1);
    sealer.forget(place(7).author);
    expect(sealer.counters.held).toBe(0);
    await rig.table.batchWrite([{ delete: { pk: `KEY#${place(7).author}`, sk: `${place(7).conversation}#000001` } }]);
    expect(await sealer.open([{ place: place(7), sealed }])).toEqual([{ unreadable: 'key_gone' }]);
    expect(sealer.counters.recalled).toBe(1);
  });

  test('what is opened for the second time is remembered', async () => {
    const [writer, reader] = [rig.node(), rig.node()];
    const items = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => ({
        place: place(n + 1, n % 2),
        sealed: await writer.sealer.seal(place(n + 1, n % 2), `text ${n}`),
      })),
    );
    for (const counters of [
      { opened: 6, recalled: 0, held: 0 },
      { opened: 12, recalled: 0, held: 6 },
      { opened: 12, recalled: 6, held: 6 },
    ]) {
      await reader.sealer.open(items.slice(0, 6));
      expect(reader.sealer.counters).toMatchObject(counters);
    }
    // The newest page after two messages more: only those are opened, and the others are remembered.
    await reader.sealer.open(items.slice(2));
    expect(reader.sealer.counters).toMatchObject({ opened: 14, recalled: 10, held: 6 });
  });

  test('of all that was sealed here the latest 256 are remembered, and of each key the last of its own', async () => {
    const { sealer } = rig.node();
    const sealed = [];
    for (let n = 0; n < 257; n += 1)
      sealed.push({ place: place(1, 1, n), sealed: await sealer.seal(place(1, 1, n), `text ${n}`) });
    await sealer.open(sealed.slice(1));
    expect(sealer.counters).toMatchObject({ recalled: 256, opened: 0 });
    expect(await sealer.open(sealed.slice(0, 1))).toEqual([{ text: 'text 0' }]);
    expect(sealer.counters).toMatchObject({ recalled: 256, opened: 1 });
    // The first key's turn again: its earlier seal leaves the ring without taking the later one along.
    const again = { place: place(2, 1, 1), sealed: await sealer.seal(place(2, 1, 1), 'again') };
    for (let n = 2; n < 257; n += 1) await sealer.seal(place(2, 1, n), 'others');
    expect(await sealer.open([again])).toEqual([{ text: 'again' }]);
    expect(sealer.counters).toMatchObject({ recalled: 257, opened: 1 });
  });

  test('what a key sealed last here is open already, what it sealed before is opened by its cipher', async () => {
    const { sealer } = rig.node();
    const items = [];
    for (let seq = 1; seq <= 3; seq += 1)
      items.push({ place: place(seq), sealed: await sealer.seal(place(seq), `text ${seq}`) });
    const texts = items.map((_, n) => ({ text: `text ${n + 1}` }));
    expect(await sealer.open(items)).toEqual(texts);
    expect(sealer.counters).toMatchObject({ recalled: 1, opened: 2, held: 0 });
    // The same string at another place, and another string at the same, are none of it.
    const [, , last] = items;
    const moved = { place: place(4), sealed: last?.sealed ?? '' };
    const changed = { place: place(3), sealed: items[0]?.sealed ?? '' };
    expect(await sealer.open([moved, changed])).toEqual([{ unreadable: 'tampered' }, { unreadable: 'tampered' }]);
  });

  test('a long text is not remembered by its key, so that ten thousand keys do not hold as many', async () => {
    const { sealer } = rig.node();
    for (const [length, recalled] of [
      [1_024, 1],
      [1_025, 1],
    ] as const) {
      const sealed = await sealer.seal(place(length), 'x'.repeat(length));
      await sealer.open([{ place: place(length), sealed }]);
      expect(sealer.counters.recalled).toBe(recalled);
    }
  });

  test('remembered texts are bounded by their number and their characters; the conversation longest unused goes first', async () => {
    const writer = rig.node().sealer;
    const sealedIn = (conversations: readonly number[], text: string) =>
      Promise.all(
        conversations.map(async (conversation, n) => {
          const at = place(n + 1, 1, conversation);
          return { place: at, sealed: await writer.seal(at, text) };
        }),
      );
    const sealed = await sealedIn([1, 2, 3, 1, 4], 'x');
    const { sealer } = rig.node({ sealer: { openedTextsMax: 3 } });
    for (let time = 0; time < 2; time += 1) for (const one of sealed) await sealer.open([one]);
    // The fourth was opened beside the first, and the fifth alone, the second time too.
    expect(sealer.counters).toMatchObject({ recalled: 0, opened: 10, held: 3 });
    await sealer.open(sealed.slice(3));
    expect(sealer.counters).toMatchObject({ recalled: 2, opened: 10 });
    await sealer.open(sealed.slice(1, 2));
    expect(sealer.counters).toMatchObject({ recalled: 2, opened: 11 });
    const narrow = rig.node({ sealer: { openedCharactersMax: 1_000 } }).sealer;
    const long = await sealedIn(new Array<number>(10).fill(5), 'y'.repeat(100));
    for (let time = 0; time < 2; time += 1) await narrow.open(long);
    expect(narrow.counters.held).toBe(3);
  });

  test('[SEC-2] an opened text is not kept longer than the key that opened it', async () => {
    const sealed = await rig.node().sealer.seal(place(1), 'for ten minutes');
    const { sealer, keyring } = rig.node();
    for (let time = 0; time < 3; time += 1) await sealer.open([{ place: place(1), sealed }]);
    expect(sealer.counters).toMatchObject({ recalled: 1, opened: 2, held: 1 });
    rig.clock.now += 10 * 60_000;
    expect(await sealer.open([{ place: place(1), sealed }])).toEqual([{ text: 'for ten minutes' }]);
    expect(sealer.counters).toMatchObject({ recalled: 1, opened: 3 });
    expect(keyring.counters).toMatchObject({ unwrapped: 2 });
  });

  test('[SEC-2] a text sealed here is not kept longer than the key that sealed it', async () => {
    const { sealer, keyring } = rig.node();
    const sealed = await sealer.seal(place(1), 'for ten minutes');
    rig.clock.now += 10 * 60_000;
    expect(await sealer.open([{ place: place(1), sealed }])).toEqual([{ text: 'for ten minutes' }]);
    expect(sealer.counters).toMatchObject({ recalled: 0, opened: 1 });
    expect(keyring.counters).toMatchObject({ minted: 1, unwrapped: 1 });
  });
});
