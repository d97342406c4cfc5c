import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTurn } from './turn.ts';

test('those who come in one turn go on together in the next, and those who come then in the one after', async () => {
  const turn = createTurn();
  const went: string[] = [];
  const go = async (name: string): Promise<void> => {
    await turn();
    went.push(name);
  };
  const all = [go('first'), go('second')];
  await Promise.resolve();
  expect(went).toEqual([]);
  await Promise.all(all);
  expect(went).toEqual(['first', 'second']);
  const later = go('third');
  expect(went).toHaveLength(2);
  await Promise.all([later, nextTurn()]);
  expect(went).toEqual(['first', 'second', 'third']);
});
