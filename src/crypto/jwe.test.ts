import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { DataKey } from './data-key.ts';
import { aadOf, headerIn, headerOf, readHeader, sealedCharactersMax } from './jwe.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 300 });
const startOfTime = Date.UTC(2026, 0, 1);

describe('the format, against jose as an independent reader and writer', () => {
  const key = randomBytes(32);
  const id = { generation: 3, id: 'AAECAwQFBgc' };
  const dataKey = (author: string, conversation: string): DataKey =>
    new DataKey({ ...id, author, conversation, createdAt: startOfTime, fromSeq: 0 }, Buffer.from(key), startOfTime + 1);
  const seqs = fc.integer({ min: 0, max: 999_999_999_999 });
  const names = fc.oneof(fc.uuid(), fc.string({ unit: 'grapheme', maxLength: 40 }));

  test('[SEC-2] jose opens what is sealed here, with the aad of its place', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, seqs, texts, async (conversation, author, seq, text) => {
        const sealed = dataKey(author, conversation).seal(seq, text);
        const [header = '', iv = '', ciphertext = '', tag = ''] = sealed.split('.');
        const aad = aadOf(conversation, seq, author);
        const opened = await flattenedDecrypt({ protected: header, iv, ciphertext, tag, aad }, key);
        expect(new TextDecoder().decode(opened.plaintext)).toBe(text);
        expect(opened.protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid: '1.3.AAECAwQFBgc' });
        const elsewhere = aadOf(conversation, seq + 1, author);
        await expect(
          flattenedDecrypt({ protected: header, iv, ciphertext, tag, aad: elsewhere }, key),
        ).rejects.toThrow();
      }),
      { numRuns: 60 },
    );
  });

  test('[SEC-2] what jose seals opens here, and only at its place', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, seqs, texts, async (conversation, author, seq, text) => {
        const jwe = await new FlattenedEncrypt(new TextEncoder().encode(text))
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: '1.3.AAECAwQFBgc' })
          .setAdditionalAuthenticatedData(Buffer.from(aadOf(conversation, seq, author), 'base64url'))
          .encrypt(key);
        expect(jwe.protected).toBe(headerOf(id));
        const sealed = `${jwe.protected}.${jwe.iv}.${jwe.ciphertext}.${jwe.tag}`;
        expect(dataKey(author, conversation).open(seq, sealed)).toEqual({ text });
        expect(dataKey(author, conversation).open(seq + 1, sealed)).toEqual({ unreadable: 'tampered' });
      }),
      { numRuns: 60 },
    );
  });
});

test('[SEC-2] a text is bound to author, conversation and seq, in canonical JSON', () => {
  const aad = (seq: number): string => Buffer.from(aadOf('a "group"', seq, 'Zoë'), 'base64url').toString('utf8');
  expect(aad(7)).toBe('{"author":"Zoë","conversation":"a \\"group\\"","seq":7}');
  expect(aad(999_999_999_999)).toBe('{"author":"Zoë","conversation":"a \\"group\\"","seq":999999999999}');
});

describe('what has the shape of a sealed text', () => {
  const header = headerOf({ generation: 1, id: 'AAECAwQFBgc' });
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const rest = `${'A'.repeat(16)}.${'A'.repeat(8)}.${'A'.repeat(22)}`;

  test('[SEC-3] a header of this version names its key', () => {
    expect(readHeader(header)).toEqual({ generation: 1, id: 'AAECAwQFBgc' });
    expect(headerIn(`${header}.${rest}`)).toEqual({ header });
  });

  test.each([
    ['another algorithm', encode({ alg: 'A256KW', enc: 'A256GCM', kid: '1.1.AAECAwQFBgc' })],
    ['another cipher', encode({ alg: 'dir', enc: 'A128GCM', kid: '1.1.AAECAwQFBgc' })],
    ['another kid', encode({ alg: 'dir', enc: 'A256GCM', kid: '2.1.AAECAwQFBgc' })],
    ['no kid', encode({ alg: 'dir', enc: 'A256GCM' })],
    ['a further member', encode({ alg: 'dir', enc: 'A256GCM', kid: '1.1.AAECAwQFBgc', zip: 'DEF' })],
    ['another order', encode({ enc: 'A256GCM', alg: 'dir', kid: '1.1.AAECAwQFBgc' })],
    ['generation 0', encode({ alg: 'dir', enc: 'A256GCM', kid: '1.0.AAECAwQFBgc' })],
  ])('[SEC-3] a header with %s is of an unknown version', (_, other) => {
    expect(readHeader(other)).toBe('unknown_version');
    // The parts of an unknown version may have other lengths, too.
    expect(headerIn(`${other}.AA.AA`)).toEqual({ unreadable: 'unknown_version' });
  });

  test.each([
    ['nothing', ''],
    ['one part', header],
    ['three parts', `${header}.${'A'.repeat(16)}.AAAA`],
    ['five parts, as in the compact form', `${header}..${rest}`],
    ['a short IV', `${header}.${'A'.repeat(15)}.AAAA.${'A'.repeat(22)}`],
    ['a short tag', `${header}.${'A'.repeat(16)}.AAAA.${'A'.repeat(21)}`],
    ['stray bits in the tag', `${header}.${'A'.repeat(16)}.AAAA.${'A'.repeat(21)}B`],
    ['stray bits in a ciphertext of 2', `${header}.${'A'.repeat(16)}.AB.${'A'.repeat(22)}`],
    ['stray bits in a ciphertext of 3', `${header}.${'A'.repeat(16)}.AAB.${'A'.repeat(22)}`],
    ['a ciphertext of no whole octet', `${header}.${'A'.repeat(16)}.A.${'A'.repeat(22)}`],
    ['the other base64', `${header}.${'A'.repeat(16)}.AA+A.${'A'.repeat(22)}`],
    ['a line end', `${header}.${rest}\n`],
    ['one character too many', `${header}.${'A'.repeat(16)}.${'A'.repeat(sealedCharactersMax)}.${'A'.repeat(22)}`],
    ['a number', 7],
    ['null', null],
    ['a set', new Set(['a'])],
  ])('[SEC-3] %s is malformed', (_, sealed) => {
    expect(headerIn(sealed)).toEqual({ unreadable: 'malformed' });
  });

  test.each([
    ['not base64url', '****'],
    ['not JSON', Buffer.from('{').toString('base64url')],
    ['a JSON array', encode([1])],
    ['JSON null', encode(null)],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('base64url')],
    ['too long', encode({ alg: 'dir', pad: 'x'.repeat(300) })],
  ])('[SEC-3] a header that is %s is malformed', (_, other) => {
    expect(readHeader(other)).toBe('malformed');
  });
});

describe('a data key in memory', () => {
  test('[SEC-2] given up, it is zeroed once nobody holds it, and can not be used after', () => {
    const bytes = randomBytes(32);
    const name = {
      generation: 1,
      id: 'AAECAwQFBgc',
      author: 'a',
      conversation: 'c',
      createdAt: startOfTime,
      fromSeq: 0,
    };
    const key = new DataKey(name, bytes, startOfTime + 1);
    key.hold();
    key.giveUp();
    expect(key.live(startOfTime)).toBe(false);
    const sealed = key.seal(1, 'still held');
    expect(key.open(1, sealed)).toEqual({ text: 'still held' });
    key.release();
    expect(key.zeroed).toBe(true);
    expect(bytes).toEqual(Buffer.alloc(32));
    expect(() => key.seal(1, 'x')).toThrow(TypeError);
    expect(() => key.open(1, sealed)).toThrow(TypeError);
  });
});
