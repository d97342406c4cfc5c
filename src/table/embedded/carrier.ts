/** Who carries journals over to LMDB: a thread of its own where the compiled program runs, and otherwise this one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { applyJournal } from './checkpoint.ts';
import type { Kv } from './kv.ts';

export interface Carrier {
  /** Resolves when the generation stands in LMDB. One at a time. */
  carry(generation: number): Promise<void>;
  close(): Promise<void>;
}

/** What the thread is told, and what it answers. */
export type CarrierTask = { readonly generation: number } | { readonly close: true };
export type CarrierAnswer = { readonly failed?: string };

const program = new URL('./carrier-thread.js', import.meta.url);

/** @param kv LMDB, for when there is no thread. */
export const startCarrier = (kv: Kv, folder: string): Carrier => {
  // The sources themselves are run by tools whose threads could not read them.
  if (!existsSync(fileURLToPath(program))) {
    return { carry: (generation) => applyJournal(kv, folder, generation), close: async () => undefined };
  }
  const worker = new Worker(program, { workerData: folder });
  worker.unref();
  let ended: Error | undefined;
  let waiting: ((error: Error | undefined) => void) | undefined;
  const settle = (error: Error | undefined): void => {
    waiting?.(error);
    waiting = undefined;
  };
  worker.on('message', ({ failed }: CarrierAnswer) => settle(failed === undefined ? undefined : new Error(failed)));
  worker.on('error', (error) => {
    ended = error;
    settle(error);
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const tell = (task: CarrierTask): void => worker.postMessage(task);
  return {
    carry: (generation) =>
      ended === undefined
        ? new Promise((resolve, reject) => {
            // The process lives until it is done.
            worker.ref();
            waiting = (error) => {
              worker.unref();
              if (error === undefined) resolve();
              else reject(error);
            };
            tell({ generation });
          })
        : applyJournal(kv, folder, generation),
    close: async () => {
      if (ended !== undefined) return;
      worker.ref();
      tell({ close: true });
      await exited;
    },
  };
};
