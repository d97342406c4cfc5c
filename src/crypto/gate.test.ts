import { describe, expect, test } from 'vitest';
import { createGate } from './gate.ts';

/** A task that goes on until it is told to end. */
const task = (log: string[], name: string): { run: () => Promise<string>; end: () => void } => {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    end: () => end(),
    run: async () => {
      log.push(name);
      await ended;
      if (name === 'fails') throw new Error(name);
      return name;
    },
  };
};

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a gate', () => {
  test('[SEC-6] lets so many in at once, the others in order as places fall free, also by a failure', async () => {
    const log: string[] = [];
    const gate = createGate(2, 10);
    const tasks = ['fails', 'b', 'c', 'd', 'e'].map((name) => task(log, name));
    const results = Promise.allSettled(tasks.map(({ run }) => gate.run(run)));
    await settle();
    expect(log).toEqual(['fails', 'b']);
    tasks[0]?.end();
    await settle();
    expect(log).toEqual(['fails', 'b', 'c']);
    const late = task(log, 'late');
    const lateResult = gate.run(late.run);
    late.end();
    await settle();
    expect(log).toEqual(['fails', 'b', 'c']);
    tasks[1]?.end();
    tasks[2]?.end();
    await settle();
    expect(log).toEqual(['fails', 'b', 'c', 'd', 'e']);
    tasks[3]?.end();
    expect(await lateResult).toBe('late');
    for (const { end } of tasks) end();
    expect((await results).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    const [more, evenMore] = [task(log, 'f'), task(log, 'g')];
    const last = [gate.run(more.run), gate.run(evenMore.run)];
    more.end();
    evenMore.end();
    expect(await Promise.all(last)).toEqual(['f', 'g']);
  });

  test('[SEC-6] turns away what its queue has no room for', async () => {
    const log: string[] = [];
    const gate = createGate(1, 1);
    const [first, second, third] = [task(log, 'a'), task(log, 'b'), task(log, 'c')];
    const accepted = [gate.run(first.run), gate.run(second.run)];
    await expect(gate.run(third.run)).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 1 });
    first.end();
    second.end();
    expect(await Promise.all(accepted)).toEqual(['a', 'b']);
    expect(log).toEqual(['a', 'b']);
  });
});
