/** What a table has grown to on demand when a window of its day begins. */
import { createOnDemand, type OnDemand } from './on-demand.ts';
import { type Run, unitsAt } from './traffic.ts';

/** Before the window everything that was warm was served as it was asked for. @param fresh units that a new table has. */
export const grownBy = (run: Run, from: number, kind: 'table' | 'index' | 'reads', fresh: number): OnDemand => {
  const { question, peakBefore } = run;
  const onDemand = createOnDemand({ peakBefore: peakBefore[kind], fresh });
  for (let second = 0; second < from; second += 1) {
    const asked = unitsAt(question, run.traffic(second))[kind];
    onDemand.served(second, Math.min(asked, question.unitsQuota, onDemand.warm(second)));
  }
  return onDemand;
};
