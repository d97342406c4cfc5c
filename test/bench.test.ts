/** What the benchmarks make of what they measured: figures are worth no more than their arithmetic. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countOf, readTalks } from '../bench/harness/talk.ts';
import { flatness, type MemorySample } from '../bench/memory.ts';
import { selfTimes } from '../bench/profile/places.ts';

describe('a profile', () => {
  const frame = (functionName: string, url: string) => ({
    functionName,
    url,
    scriptId: '1',
    lineNumber: 0,
    columnNumber: 0,
  });
  const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
    id,
    callFrame: frame(functionName, url),
    children,
  });
  const nodes = [
    node(1, '(root)', '', [2, 3, 5, 6, 8]),
    node(2, '(idle)', ''),
    node(3, 'commit', 'file:///x/node_modules/lmdb/write.js', [4]),
    node(4, 'fdatasync', ''),
    node(5, '(garbage collector)', ''),
    node(6, 'send', 'file:///x/dist/messenger/send.js', [7]),
    node(7, 'update', 'node:internal/crypto/cipher'),
    node(8, 'toggle', 'file:///x/dist/bench/profile/hook.js?folder=y'),
  ];
  const samples = [2, 3, 4, 4, 5, 6, 7, 8];
  const times = selfTimes({ nodes, samples, timeDeltas: samples.map(() => 10), startTime: 0, endTime: 80 });

  test('counts a native function where it is called from, and neither idling nor the profiler', () => {
    expect(Object.fromEntries(times.groups)).toEqual({
      LMDB: 30,
      'garbage collection': 10,
      'Parley: messenger': 10,
      'node: crypto': 10,
    });
    expect(times.totalMicros).toBe(60);
  });
});

describe('memory over sends', () => {
  const sample = (sent: number, heapBytes: number): MemorySample => ({
    sent,
    seconds: sent,
    heapBytes,
    bufferBytes: 0,
    ownBytes: 0,
    residentBytes: 0,
  });
  const heap = (one: MemorySample): number => one.heapBytes;

  test('is compared by thirds, after warming up', () => {
    const samples = [10, 50, 60, 62, 61, 90, 61, 75, 75, 75].map((bytes, n) => sample(n + 1, bytes));
    expect(flatness({ samples, warmUp: 2 }, heap)).toEqual({ first: 60, last: 75, highest: 90, ratio: 1.25 });
  });
});

describe('conversations to send', () => {
  test('are those of a file, in order, blank messages left out', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-talk-'));
    try {
      const file = join(folder, 'talk.jsonl');
      const messages = [
        { from: 'ana', text: 'one' },
        { from: 'ben', text: ' ' },
        { from: 'ben', text: 'two' },
      ];
      writeFileSync(file, `${JSON.stringify({ id: 'x', messages })}\n`);
      expect(readTalks(file)).toEqual({
        talks: [
          {
            messages: [
              { first: true, text: 'one' },
              { first: false, text: 'two' },
            ],
          },
        ],
        source: '2 messages of 1 real conversations',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are made up otherwise, as many as the measured ones and of their sizes', () => {
    const { talks } = readTalks(undefined);
    const bytes = talks.flatMap(({ messages }) => messages.map(({ text }) => text.length));
    expect(countOf(talks)).toBe(539 * 22);
    expect(bytes.reduce((sum, one) => sum + one, 0) / bytes.length).toBeGreaterThan(95);
    expect(bytes.reduce((sum, one) => sum + one, 0) / bytes.length).toBeLessThan(115);
  });
});
