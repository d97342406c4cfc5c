/** Parley in this process over a data folder: the tables, the use cases and, once started, the fan-out beside them. */
import { setTimeout } from 'node:timers/promises';
import { type FeedRunner, startFeedRunner } from '#messenger/feed-runner';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { keysSchema, mainSchema } from '#table/schema';
import { type ParleyNode, parleyNode } from './node.ts';

export interface EmbeddedParley extends ParleyNode {
  readonly main: Awaited<ReturnType<typeof openEmbeddedTable>>;
  /** Starts the fan-out where it stopped; sends wake it from then on, and `close` stops it. */
  startFanout(): FeedRunner;
  close(): Promise<void>;
}

/** @param now milliseconds since the epoch; loading may run through years of it. */
export const openEmbeddedParley = async (folder: string, now: () => number): Promise<EmbeddedParley> => {
  const main = await openEmbeddedTable({ path: folder, schema: mainSchema, name: 'parley', now });
  const keys = await openEmbeddedTable({ path: folder, schema: keysSchema, name: 'parley-keys', now });
  let wake = (): void => undefined;
  const node = await parleyNode({ main, keys, folder }, { now, observe: () => undefined, appended: () => wake() });
  let runner: FeedRunner | undefined;
  return {
    ...node,
    main,
    startFanout: () => {
      const started = startFeedRunner(
        main.feed,
        node.patterns,
        node.fanout,
        'fanout',
        { now, wait: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined) },
        (error) => process.stderr.write(`the fan-out failed: ${String(error)}\n`),
      );
      runner = started;
      wake = started.wake;
      return started;
    },
    close: async () => {
      await runner?.stop();
      node.messenger.close();
      await main.close();
      await keys.close();
    },
  };
};
