import { describe, expect, it } from 'vitest';
import { type KeyspaceStart, makeKeyspace as keyspaceOf } from './keyspace.ts';
import { heatSeconds, newTableWriteUnits, onDemandGrowthSeconds, partitionWriteUnits } from './limits.ts';
import { createOnDemand } from './on-demand.ts';

const makeKeyspace = ({ peakBefore, ...start }: Omit<KeyspaceStart, 'onDemand'> & { readonly peakBefore: number }) =>
  keyspaceOf({ ...start, onDemand: createOnDemand({ peakBefore, fresh: newTableWriteUnits }) });

const fresh = { peakBefore: 0, bytes: 0, quota: 1_000_000 };

describe('a keyspace', () => {
  it('begins with four partitions, for the 4,000 write units of a new table', () => {
    const answer = makeKeyspace(fresh).write(0, { spread: newTableWriteUnits, hot: 0 });
    expect(answer).toMatchObject({ spread: 1, partitions: 4, warm: 4_000 });
  });

  it('has a partition for each 10 GB', () => {
    expect(makeKeyspace({ ...fresh, bytes: 95e9 }).write(0, { spread: 0, hot: 0 }).partitions).toBe(10);
  });

  it('serves twice the previous peak at once and refuses the rest', () => {
    const keyspace = makeKeyspace({ ...fresh, peakBefore: 10_000 });
    expect(keyspace.write(0, { spread: 20_000, hot: 0 }).spread).toBe(1);
    expect(keyspace.write(1, { spread: 40_000, hot: 0 }).spread).toBeCloseTo(0.5);
  });

  it('grows to twice what it served half an hour ago', () => {
    const keyspace = makeKeyspace(fresh);
    const served = (second: number): number => 20_000 * keyspace.write(second, { spread: 20_000, hot: 0 }).spread;
    expect(served(0)).toBeCloseTo(4_000);
    expect(served(onDemandGrowthSeconds - 1)).toBeCloseTo(4_000);
    expect(served(onDemandGrowthSeconds)).toBeCloseTo(8_000);
    expect(served(2 * onDemandGrowthSeconds)).toBeCloseTo(16_000);
  });

  it('never serves more than the quota', () => {
    const keyspace = makeKeyspace({ peakBefore: 100_000, bytes: 0, quota: 40_000 });
    expect(keyspace.write(0, { spread: 80_000, hot: 0 }).spread).toBeCloseTo(0.5);
  });

  it('gives a hot key one partition and no more, however long it lasts', () => {
    const keyspace = makeKeyspace({ ...fresh, peakBefore: 50_000 });
    const offer = { spread: 10_000, hot: 2 * partitionWriteUnits };
    const before = keyspace.write(0, offer);
    for (let second = 1; second <= heatSeconds; second += 1) keyspace.write(second, offer);
    const after = keyspace.write(heatSeconds + 1, offer);
    // Alone at last, it has all of a partition; before, it shared one with its neighbours' keys.
    expect(before.hot).toBeLessThan(0.5);
    expect(after.hot).toBeCloseTo(0.5);
    expect(after.partitions).toBe(before.partitions + 1);
  });

  it('splits partitions that stay hot until none is', () => {
    const keyspace = makeKeyspace({ ...fresh, peakBefore: 5_000 });
    const before = keyspace.write(0, { spread: 9_500, hot: 0 }).partitions;
    for (let second = 1; second <= heatSeconds; second += 1) keyspace.write(second, { spread: 9_500, hot: 0 });
    expect(keyspace.write(heatSeconds + 1, { spread: 9_500, hot: 0 }).partitions).toBe(2 * before);
  });
});
