/** Follows the change feed and prints each change as it comes. */
import { setTimeout } from 'node:timers/promises';
import type { FeedStart } from '#table/port';
import type { Command } from './main.ts';
import { print } from './output.ts';
import { requireData, targetOf, withTables } from './target.ts';

const batchMax = 100;
const pollMs = 200;

export const command: Command = {
  help: `tail [prod] [--oldest] [--once]

Prints every change of the table as its stream gives it: when, what kind, which item. From now on, or with --oldest
from the oldest change kept (24 hours). --once ends where the stream ends now; otherwise Ctrl-C ends it.`,
  options: { oldest: { type: 'boolean', default: false }, once: { type: 'boolean', default: false } },
  run: async (positionals, values) => {
    const { config } = targetOf(positionals, 0);
    requireData(config);
    await withTables(config, async ({ main: { feed } }) => {
      const places = new Map<string, FeedStart | undefined>();
      for (;;) {
        let read = 0;
        for (const { id } of await feed.shards()) {
          const start = places.has(id) ? places.get(id) : values.oldest === true ? 'oldest' : 'latest';
          if (start === undefined) continue;
          const { records, position } = await feed.read(id, start, batchMax);
          for (const { at, kind, key, after } of records) {
            print(
              `${new Date(at).toISOString()}  ${kind.padEnd(6)}  ${key.pk}  ${key.sk}  ${String(after?.type ?? '')}`,
            );
          }
          read += records.length;
          places.set(id, position === undefined ? undefined : { after: position });
        }
        if (read === 0 && values.once === true) return;
        if (read === 0) await setTimeout(pollMs);
      }
    });
  },
};
