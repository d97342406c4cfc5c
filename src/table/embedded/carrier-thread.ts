/** The thread of `carrier.ts`: waits for the disk, so that the thread that serves requests need not. */
import { parentPort, workerData } from 'node:worker_threads';
import type { CarrierAnswer, CarrierTask } from './carrier.ts';
import { applyJournal } from './checkpoint.ts';
import { openLmdbKv } from './lmdb-kv.ts';

const folder = String(workerData);
const kv = openLmdbKv(folder);
const answer = (message: CarrierAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (task: CarrierTask) => {
  if ('close' in task) {
    void kv.close().finally(() => parentPort?.close());
    return;
  }
  applyJournal(kv, folder, task.generation).then(
    () => answer({}),
    (error: unknown) => answer({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
