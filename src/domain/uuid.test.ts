import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messageUuid } from '#domain/ids';
import { uuidFromSha1, uuidV7, uuidV7Time } from '#domain/uuid';

const randomBytes = fc.uint8Array({ minLength: 10, maxLength: 16 });
const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('version 7', () => {
  test('the example of RFC 9562, appendix A.6', () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  test('[LOG-5] any time and bytes give a message uuid that carries its time', () => {
    fc.assert(
      fc.property(times, randomBytes, (ms, random) => {
        const uuid = uuidV7(ms, random);
        expect(messageUuid(uuid)).toBe(uuid);
        expect(uuidV7Time(uuid)).toBe(ms);
      }),
    );
  });

  test('uuids sort as their times do', () => {
    fc.assert(
      fc.property(times, times, randomBytes, (a, b, random) => {
        if (a !== b) expect(uuidV7(a, random) < uuidV7(b, random)).toBe(a < b);
      }),
    );
  });

  test('a time that does not fit, or too few bytes, is a mistake of the caller', () => {
    expect(() => uuidV7(-1, new Uint8Array(10))).toThrow(RangeError);
    expect(() => uuidV7(Number.NaN, new Uint8Array(10))).toThrow(RangeError);
    expect(() => uuidV7(2 ** 48, new Uint8Array(10))).toThrow(RangeError);
    expect(() => uuidV7(0, new Uint8Array(9))).toThrow(RangeError);
  });
});

describe('version 5', () => {
  test('the example of RFC 9562, appendix A.4', () => {
    const dnsNamespace = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    const digest = createHash('sha1').update(dnsNamespace).update('www.example.com').digest();
    expect(uuidFromSha1(digest)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  test('the digest is left as it was, and another length is refused', () => {
    const digest = new Uint8Array(20).fill(255);
    uuidFromSha1(digest);
    expect(digest.every((byte) => byte === 255)).toBe(true);
    expect(() => uuidFromSha1(new Uint8Array(16))).toThrow(RangeError);
  });
});
