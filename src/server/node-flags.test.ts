import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { nodeFlags } from './node-flags.ts';

test('on one or two processors Node has one thread of its own; with more it decides for itself', () => {
  expect(nodeFlags('20.19.0', 2)).toEqual(['--v8-pool-size=1', '--no-parallel-scavenge']);
  expect(nodeFlags('20.19.0', 1)).toEqual(['--v8-pool-size=1', '--no-parallel-scavenge']);
  expect(nodeFlags('24.11.1', 2)).toEqual(['--v8-pool-size=1']);
  expect(nodeFlags('20.19.0', 4)).toEqual([]);
  expect(nodeFlags('24.11.1', 4)).toEqual([]);
});

test('this Node knows the flags that it is given', () => {
  const flags = nodeFlags(process.versions.node, availableParallelism());
  expect(execFileSync(process.execPath, [...flags, '-p', '1']).toString()).toBe('1\n');
});
