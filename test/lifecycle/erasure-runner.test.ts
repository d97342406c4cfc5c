/** USER-5: erasures go on in the background, those begun here and those that a dead process left undone. */
import { expect, test } from 'vitest';
import { startErasureRunner } from '#messenger/lifecycle/erasure-runner';
import type { Person, Rig } from './rig.ts';
import { startRig, watched } from './rig.ts';

const minute = 60_000;

/** A runner whose waiting lets the rig's clock pass. */
const startRunner = (rig: Rig, node: Rig['node'] = rig.node) => {
  const faults: unknown[] = [];
  const waits: number[] = [];
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    waits.push(ms);
    await new Promise((resolve) => setImmediate(resolve));
    if (!signal.aborted) rig.clock.now += ms;
  };
  const runner = startErasureRunner(node.lifecycle, { now: () => rig.clock.now, wait }, (error) => faults.push(error));
  return { ...runner, faults, waits };
};

const erased = async (rig: Rig, ...people: Person[]): Promise<void> => {
  for (;;) {
    const profiles = await Promise.all(people.map(({ user }) => rig.node.patterns.getProfile(user)));
    if (profiles.every((profile) => profile?.status === 'erased') && (await rig.node.lifecycle.open()).length === 0)
      return;
    await new Promise((resolve) => setImmediate(resolve));
  }
};

test('[USER-5] what another process began and left is carried out when a runner starts, for everybody', async () => {
  const rig = await startRig();
  try {
    const people = [await rig.person('ada'), await rig.person('bob'), await rig.person('cyd')];
    for (const { user } of people) await rig.startNode().messenger.eraseMe({ user });
    // One of them half-way, under the lease of a worker that died.
    let left = 12;
    const dying = rig.startNode({
      main: watched(rig.tables.main, (run) => {
        left -= 1;
        return left < 0 ? Promise.reject(new Error('dead')) : run();
      }),
    });
    await dying.lifecycle.advance(people[0]?.user ?? ('' as never)).catch(() => undefined);
    const runner = startRunner(rig);
    await erased(rig, ...people);
    await runner.stop();
    expect(runner.faults).toEqual([]);
    expect((await rig.scanMain()).filter((item) => item.type === 'receipt')).toHaveLength(3);
  } finally {
    await rig.close();
  }
});

test('[USER-5] one begun while the runner rests is taken up at once, and one that fails again later', async () => {
  const rig = await startRig();
  try {
    const ada = await rig.person('ada');
    let failing = 3;
    const node = rig.startNode({
      main: {
        ...rig.tables.main,
        update: (request, call) => {
          if (request.key.pk.startsWith('ERS#') && failing > 0) {
            failing -= 1;
            return Promise.reject(new Error('not now'));
          }
          return rig.tables.main.update(request, call);
        },
      },
    });
    const runner = startRunner(rig, node);
    await new Promise((resolve) => setImmediate(resolve));
    const begun = rig.clock.now;
    await node.messenger.eraseMe({ user: ada.user });
    runner.wake();
    await erased(rig, ada);
    await runner.stop();
    expect(runner.faults.map(String)).toEqual(
      Array(3).fill('ParleyError: Something went wrong here; it has been noted.'),
    );
    expect(rig.clock.now - begun).toBeLessThan(10 * minute);
    expect(Math.max(...runner.waits)).toBeLessThanOrEqual(minute);
  } finally {
    await rig.close();
  }
});
