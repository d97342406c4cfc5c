import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSseParser, sseEventCharactersMax } from './sse.ts';

const parse = (pieces: readonly string[]): (readonly [string, string | number])[] => {
  const seen: (readonly [string, string | number])[] = [];
  const push = createSseParser({
    event: (name, data) => seen.push([name, data]),
    retry: (ms) => seen.push(['retry', ms]),
  });
  for (const piece of pieces) push(piece);
  return seen;
};

test('events, comments, several data lines, retry, and an event without data', () => {
  const text =
    'retry: 2500\n\n: beat\n\nevent: typing\ndata: {"a":1}\n\ndata: one\ndata:two\n\nevent: empty\n\nretry: soon\n\n';
  expect(parse([text])).toEqual([
    ['retry', 2_500],
    ['typing', '{"a":1}'],
    ['message', 'one\ntwo'],
  ]);
});

test('wherever the stream is cut, and whatever ends its lines, the events are the same', () => {
  const lines = ['event: hello', 'data: {"x":"y"}', '', ': beat', '', 'event: bye', 'data: 1', 'data: 2', '', ''];
  const ends = fc.constantFrom('\n', '\r\n', '\r');
  fc.assert(
    fc.property(ends, fc.array(fc.nat({ max: 80 }), { maxLength: 8 }), (end, cuts) => {
      const text = lines.join(end);
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((place, index) => text.slice(places[index], place));
      expect(parse(pieces)).toEqual([
        ['hello', '{"x":"y"}'],
        ['bye', '1\n2'],
      ]);
    }),
  );
});

test('an event without end is refused, in one line or in many', () => {
  const half = 'x'.repeat(sseEventCharactersMax / 2);
  expect(() => parse([`data: ${half}`, half])).toThrow(RangeError);
  expect(() => parse([`data: ${half}\n`, `data: ${half}\n`, 'data: x\n'])).toThrow(RangeError);
});
