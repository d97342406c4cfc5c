import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TableError } from '../errors.ts';
import type { Value } from '../port.ts';
import { type AttributeValue, decodeItem, decodeValue, encodeItem, encodeValue } from './codec.ts';

const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((members) => new Set(members)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

test('[TABLE-5] every value comes back as it went, through JSON', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const wire = JSON.parse(JSON.stringify(encodeValue(value))) as AttributeValue;
      expect(decodeValue(wire)).toEqual(value);
    }),
  );
});

test('each type has its own tag', () => {
  const item = {
    pk: 'p',
    sk: 's',
    n: -1.5e-7,
    t: true,
    z: null,
    b: new Uint8Array([1, 2, 255]),
    ss: new Set(['a', 'b']),
    l: ['x', 1],
    m: { inner: { deep: 'y' } },
  };
  expect(encodeItem(item)).toEqual({
    pk: { S: 'p' },
    sk: { S: 's' },
    n: { N: '-1.5e-7' },
    t: { BOOL: true },
    z: { NULL: true },
    b: { B: 'AQL/' },
    ss: { SS: ['a', 'b'] },
    l: { L: [{ S: 'x' }, { N: '1' }] },
    m: { M: { inner: { M: { deep: { S: 'y' } } } } },
  });
});

test('bytes that are a view of a larger buffer are encoded alone', () => {
  expect(encodeValue(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))).toEqual({ B: 'AQI=' });
});

test('a type that the port does not have is refused by name', () => {
  const foreign = { NS: ['1', '2'] } as unknown as AttributeValue;
  expect(() => decodeItem({ pk: { S: 'p' }, numbers: foreign })).toThrow(TableError);
  expect(() => decodeValue(foreign)).toThrow(/NS/);
});

test('an attribute called __proto__ reaches no prototype', () => {
  const hostile = JSON.parse('{"pk":{"S":"p"},"__proto__":{"M":{"admin":{"BOOL":true}}}}');
  expect((decodeItem(hostile) as { admin?: unknown }).admin).toBeUndefined();
});
