/** What the disk gives: appends of a page, each followed by fdatasync, one at a time. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile, sorted } from './stats.ts';

export interface SyncFloor {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Synchronous: nothing else runs meanwhile. */
export const measureSync = (seconds: number): SyncFloor => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-sync-'));
  const file = openSync(join(folder, 'log'), 'w');
  const page = Buffer.alloc(4_096, 1);
  const times: number[] = [];
  try {
    const begin = performance.now();
    for (let started = begin; started < begin + seconds * 1_000; ) {
      writeSync(file, page);
      fdatasyncSync(file);
      const now = performance.now();
      times.push(now - started);
      started = now;
    }
    const ascending = sorted(times);
    return {
      perSecond: times.length / ((performance.now() - begin) / 1_000),
      p50: percentile(ascending, 0.5),
      p99: percentile(ascending, 0.99),
    };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
};
