import { createSecretKey, randomBytes } from 'node:crypto';
import { queryObjects } from 'node:v8';
import fc from 'fast-check';
import { FlattenedEncrypt, type FlattenedJWE, flattenedDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { aadOf, protectedOf } from './aad.ts';
import { DataKey } from './data-key.ts';
import { isWhole, kidIn, kidOf, readKid, sealedCharactersMax } from './jwe.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 300 });
const startOfTime = Date.UTC(2026, 0, 1);
const usesMax = 1_000;

/** Where the parts lie in a body: IV, tag, ciphertext. */
const ivEnd = 12;
const tagEnd = 28;

/** The flattened JWE that a sealed string stands for, put together by hand as docs/adr/0005 tells others to. */
const jweOf = (sealed: string, aad: string): FlattenedJWE => {
  const [version, generation, id, body = ''] = sealed.split('.');
  const header = { alg: 'dir', enc: 'A256GCM', kid: `${version}.${generation}.${id}` };
  const bytes = Buffer.from(body, 'base64url');
  return {
    protected: Buffer.from(JSON.stringify(header)).toString('base64url'),
    iv: bytes.subarray(0, ivEnd).toString('base64url'),
    ciphertext: bytes.subarray(tagEnd).toString('base64url'),
    tag: bytes.subarray(ivEnd, tagEnd).toString('base64url'),
    aad,
  };
};

const sealedOf = ({ iv = '', tag = '', ciphertext }: FlattenedJWE, kid: string): string => {
  const parts = [iv, tag, ciphertext].map((part) => Buffer.from(part, 'base64url'));
  return `${kid}.${Buffer.concat(parts).toString('base64url')}`;
};

describe('the format, against jose as an independent reader and writer', () => {
  const key = randomBytes(32);
  const id = { generation: 3, id: 'AAECAwQFBgc' };
  const kid = '2.3.AAECAwQFBgc';
  const dataKey = (author: string, conversation: string): DataKey =>
    new DataKey(
      { ...id, author, conversation, createdAt: startOfTime, fromSeq: 0 },
      Buffer.from(key),
      startOfTime + 1,
      usesMax,
    );
  const seqs = fc.integer({ min: 0, max: 999_999_999_999 });
  const names = fc.oneof(fc.uuid(), fc.string({ unit: 'grapheme', maxLength: 40 }));

  test('[SEC-2] jose opens what is sealed here, with the aad of its place', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, seqs, texts, async (conversation, author, seq, text) => {
        const sealed = dataKey(author, conversation).seal(seq, text);
        const opened = await flattenedDecrypt(jweOf(sealed, aadOf(conversation, seq, author)), key);
        expect(new TextDecoder().decode(opened.plaintext)).toBe(text);
        expect(opened.protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid });
        await expect(flattenedDecrypt(jweOf(sealed, aadOf(conversation, seq + 1, author)), key)).rejects.toThrow();
      }),
      { numRuns: 60 },
    );
  });

  test('[SEC-2] what jose seals opens here, and only at its place', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, seqs, texts, async (conversation, author, seq, text) => {
        const jwe = await new FlattenedEncrypt(new TextEncoder().encode(text))
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
          .setAdditionalAuthenticatedData(Buffer.from(aadOf(conversation, seq, author), 'base64url'))
          .encrypt(key);
        expect(jwe.protected).toBe(protectedOf(kidOf(id)));
        const sealed = sealedOf(jwe, kid);
        expect(dataKey(author, conversation).open(seq, sealed)).toEqual({ text });
        expect(dataKey(author, conversation).open(seq + 1, sealed)).toEqual({ unreadable: 'tampered' });
      }),
      { numRuns: 60 },
    );
  });

  test('[SEC-2] the algorithm, the cipher and the kid are authenticated, though they are not stored', async () => {
    for (const changed of [
      { alg: 'dir', enc: 'A256GCM', kid: '2.4.AAECAwQFBgc' },
      { alg: 'dir', enc: 'A256GCM', kid, typ: 'JWE' },
      { enc: 'A256GCM', alg: 'dir', kid },
    ]) {
      const jwe = await new FlattenedEncrypt(new TextEncoder().encode('text'))
        .setProtectedHeader(changed)
        .setAdditionalAuthenticatedData(Buffer.from(aadOf('c', 1, 'a'), 'base64url'))
        .encrypt(key);
      expect(dataKey('a', 'c').open(1, sealedOf(jwe, kid))).toEqual({ unreadable: 'tampered' });
    }
  });

  test('what is stored of a text of 200 octets is 320 characters: 16 of the key, 4 for every 3 octets of IV, tag and text', () => {
    expect(dataKey('a', 'c').seal(1, 'x'.repeat(200)).length).toBe(16 + Math.ceil(((12 + 16 + 200) * 4) / 3));
  });
});

test('[SEC-2] a text is bound to author, conversation and seq, in canonical JSON', () => {
  const aad = (seq: number): string => Buffer.from(aadOf('a "group"', seq, 'Zoë'), 'base64url').toString('utf8');
  expect(aad(7)).toBe('{"author":"Zoë","conversation":"a \\"group\\"","seq":7}');
  expect(aad(999_999_999_999)).toBe('{"author":"Zoë","conversation":"a \\"group\\"","seq":999999999999}');
});

describe('what has the shape of a sealed text', () => {
  const kid = kidOf({ generation: 1, id: 'AAECAwQFBgc' });
  const body = (textBytes: number): string => Buffer.alloc(tagEnd + textBytes).toString('base64url');
  /** The cipher's answer, for what is looked at only when its key is there; anything that gets so far is tampered with. */
  const opened = (sealed: string): unknown => {
    const name = { generation: 1, id: 'AAECAwQFBgc', author: 'a', conversation: 'c', createdAt: 0, fromSeq: 0 };
    return new DataKey(name, randomBytes(32), 1, usesMax).open(1, sealed);
  };

  test('[SEC-3] a kid of this version names its key', () => {
    expect(readKid(kid)).toEqual({ generation: 1, id: 'AAECAwQFBgc' });
    expect(kidIn(`${kid}.${body(6)}`)).toEqual({ kid });
    expect(isWhole(kid, `${kid}.${body(6)}`)).toBe(true);
    expect(opened(`${kid}.${body(6)}`)).toEqual({ unreadable: 'tampered' });
  });

  const jwe = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"1.1.AAECAwQFBgc"}').toString('base64url');
  test.each([
    ['version 1, a whole header with four parts', `${jwe}.${'A'.repeat(16)}.${'A'.repeat(8)}.${'A'.repeat(22)}`],
    ['a JWE in the compact form', `${jwe}..${'A'.repeat(16)}.${'A'.repeat(8)}.${'A'.repeat(22)}`],
    ['a version to come', `3.1.AAECAwQFBgc.${body(6)}`],
    ['a version to come, of other parts', '12.AA'],
  ])('[SEC-3] %s is of an unknown version', (_, sealed) => {
    expect(kidIn(sealed)).toEqual({ unreadable: 'unknown_version' });
  });

  test.each([
    ['nothing', ''],
    ['no body and no dot', kid],
    ['generation 0', `2.0.AAECAwQFBgc.${body(6)}`],
    ['a generation of seven digits', `2.1000000.AAECAwQFBgc.${body(6)}`],
    ['a generation with a leading zero', `2.01.AAECAwQFBgc.${body(6)}`],
    ['a short id', `2.1.AAECAwQFBg.${body(6)}`],
    ['a long id', `2.1.AAECAwQFBgcA.${body(6)}`],
    ['an id of the other base64', `2.1.AAECAwQFB+c.${body(6)}`],
    ['a space before it', ` ${kid}.${body(6)}`],
    ['another version with a line end', `3.1.AA\n`],
    ['one character too many', `${kid}.${'A'.repeat(sealedCharactersMax)}`],
    ['a number', 7],
    ['null', null],
    ['a set', new Set(['a'])],
  ])('[SEC-3] %s is malformed', (_, sealed) => {
    expect(kidIn(sealed)).toEqual({ unreadable: 'malformed' });
  });

  test.each([
    ['no body', ''],
    ['less than an IV and a tag', body(0).slice(0, -2)],
    ['stray bits at an end of 2', `${body(0).slice(0, -1)}B`],
    ['stray bits at an end of 3', `${body(1).slice(0, -1)}B`],
    ['a character that is no whole octet', `${body(2)}A`],
    ['the other base64, +', body(6).replace('A', '+')],
    ['the other base64, /', body(6).replace('A', '/')],
    ['padding', `${body(0)}==`],
    ['a dot', body(6).replace('A', '.')],
    ['a line end', `${body(6)}\n`],
    ['a line end within', `${body(3)}\n${body(3)}`],
    ['a character of two octets that ends as one of the alphabet', body(6).replace('A', '\u0141')],
    ['another part', `${body(6)}.${body(6)}`],
  ])('[SEC-3] a body with %s is malformed, with the key at hand and without', (_, other) => {
    const sealed = `${kid}.${other}`;
    expect(kidIn(sealed)).toEqual({ kid });
    expect(isWhole(kid, sealed)).toBe(false);
    expect(opened(sealed)).toEqual({ unreadable: 'malformed' });
  });
});

describe('a data key in memory', () => {
  test('[SEC-2] given up, it is let go of once nobody holds it, and can not be used after', () => {
    const bytes = randomBytes(32);
    const name = {
      generation: 1,
      id: 'AAECAwQFBgc',
      author: 'a',
      conversation: 'c',
      createdAt: startOfTime,
      fromSeq: 0,
    };
    const key = new DataKey(name, bytes, startOfTime + 1, usesMax);
    expect(bytes).toEqual(Buffer.alloc(32));
    key.hold();
    key.giveUp();
    expect([key.live(startOfTime), key.gone]).toEqual([false, false]);
    const sealed = key.seal(1, 'still held');
    expect(key.open(1, sealed)).toEqual({ text: 'still held' });
    key.release();
    expect(key.gone).toBe(true);
    expect(() => key.seal(1, 'x')).toThrow(TypeError);
    expect(() => key.open(1, sealed)).toThrow(TypeError);
  });

  test('[SEC-2] let go of, its key object is nobody’s any more: a garbage collection frees it', () => {
    const name = { generation: 1, id: 'AAECAwQFBgc', author: 'a', conversation: 'c', createdAt: 0, fromSeq: 0 };
    /** Those that are left after a garbage collection. */
    const keyObjects = (): number => queryObjects(createSecretKey(randomBytes(32)).constructor, { format: 'count' });
    // What other tests left may need a collection more.
    keyObjects();
    const before = keyObjects();
    const keys = Array.from({ length: 20 }, () => new DataKey(name, randomBytes(32), 1, usesMax));
    for (const key of keys) key.open(1, key.seal(1, 'used'));
    expect(keyObjects() - before).toBe(20);
    for (const key of keys) key.giveUp();
    expect(keyObjects() - before).toBe(0);
    expect(keys.every((key) => key.gone)).toBe(true);
  });
});
