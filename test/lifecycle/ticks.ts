/** Lets the clock of a rig pass, with the timers that a node has set going off as they are due. */
import type { Rig } from './rig.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const createTicks = (rig: Rig, node: Rig['node']) => {
  let count = 0;
  return {
    /** How often a timer went off. */
    count: () => count,
    pass: async (ms: number): Promise<void> => {
      const end = rig.clock.now + ms;
      const due = new Map([...node.ticks].map((tick) => [tick, rig.clock.now + tick.ms]));
      for (;;) {
        const [next] = [...due].sort(([, a], [, b]) => a - b);
        if (next === undefined || next[1] > end) break;
        const [tick, at] = next;
        rig.clock.now = at;
        count += 1;
        tick.run();
        // What the timer began is done before the next one: the table in memory answers within a few turns.
        for (let turns = 0; turns < 50; turns += 1) await turn();
        due.set(tick, at + tick.ms);
      }
      rig.clock.now = end;
    },
  };
};
