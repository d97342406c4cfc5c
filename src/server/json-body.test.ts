import { describe, expect, test } from 'vitest';
import { readJsonBody } from './json-body.ts';

const read = (text: string | Buffer, takesBody = true) => readJsonBody(Buffer.from(text), takesBody);

describe('[SEC-6] a body is read strictly', () => {
  test('what is JSON in UTF-8 is read, escapes and all', () => {
    expect(read('{"message":"\\u00e4\\ud83d\\ude42 ä🙂"}')).toEqual({ message: 'ä🙂 ä🙂' });
    expect(read('')).toBeUndefined();
  });

  test('NUL and half pairs are refused wherever they stand, and named', () => {
    expect(() => read('{"a":["x","\\u0000"]}')).toThrow(/^a: has a character/);
    expect(() => read('{"a":"\\udc00"}')).toThrow(/^a: has a character/);
    expect(() => read('{"a":"\\ud83dx"}')).toThrow(/^a: has a character/);
  });

  test('a backslash and a u that are no escape are text', () => {
    expect(read('{"a":"\\\\u0000"}')).toEqual({ a: '\\u0000' });
  });

  test('eight levels are enough', () => {
    expect(read('[[[[[[[[1]]]]]]]]')).toBeDefined();
    expect(() => read('[[[[[[[[[[1]]]]]]]]]]')).toThrow(/nested/);
    expect(() => read(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)).toThrow(/nested/);
  });

  test('a route without a body takes none, but an empty object', () => {
    expect(read('{}', false)).toBeUndefined();
    expect(() => read('{"a":1}', false)).toThrow(/^a: is not a field/);
    expect(() => read('5', false)).toThrow(/^body: is not a field/);
  });
});
