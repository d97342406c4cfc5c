import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { nodeFlags } from './node-flags.ts';

test('Node 20 on one or two processors collects in one thread; everybody else decides for themselves', () => {
  expect(nodeFlags('20.19.0', 2)).toEqual(['--no-parallel-scavenge']);
  expect(nodeFlags('20.19.0', 1)).toEqual(['--no-parallel-scavenge']);
  expect(nodeFlags('20.19.0', 4)).toEqual([]);
  expect(nodeFlags('24.11.1', 2)).toEqual([]);
});

test('this Node knows the flags that it is given', () => {
  const flags = nodeFlags(process.versions.node, availableParallelism());
  expect(execFileSync(process.execPath, [...flags, '-p', '1']).toString()).toBe('1\n');
});
