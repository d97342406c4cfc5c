import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { nodeFlags, thisMachine } from './node-flags.ts';

const gigabyte = 1_024 ** 3;

test('on one or two processors Node has one thread of its own; with more it decides for itself', () => {
  expect(nodeFlags({ processors: 1, memoryBytes: gigabyte })).toEqual(['--v8-pool-size=1']);
  expect(nodeFlags({ processors: 2, memoryBytes: gigabyte })).toEqual(['--v8-pool-size=1']);
  expect(nodeFlags({ processors: 3, memoryBytes: gigabyte })).toEqual([]);
});

test('where there is memory the heap begins larger', () => {
  expect(nodeFlags({ processors: 4, memoryBytes: 2 * gigabyte })).toEqual(['--initial-heap-size=192']);
  expect(nodeFlags({ processors: 4, memoryBytes: 2 * gigabyte - 1 })).toEqual([]);
});

test('this Node knows the flags that it is given, and a machine has memory', () => {
  const machine = thisMachine();
  expect(machine.memoryBytes).toBeGreaterThan(64 * 1_024 * 1_024);
  expect(Number.isFinite(machine.memoryBytes)).toBe(true);
  expect(execFileSync(process.execPath, [...nodeFlags(machine), '-p', '1']).toString()).toBe('1\n');
});
