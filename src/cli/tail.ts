/** Follows the change feed and prints each change as it comes. */
import { setTimeout } from 'node:timers/promises';
import type { ChangeRecord, FeedStart } from '#table/port';
import type { Command } from './main.ts';
import { print } from './output.ts';
import { requireData, targetOf, withTables } from './target.ts';

const batchMax = 100;
const pollMs = 200;

/** What kind of item it is now; a record that cannot be read is named for what it is, and those behind it follow. */
const typeOf = (record: ChangeRecord): string => {
  try {
    return String(record.after?.type ?? '');
  } catch {
    return '(unreadable)';
  }
};

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
          for (const record of records) {
            const { at, kind, key } = record;
            print(`${new Date(at).toISOString()}  ${kind.padEnd(6)}  ${key.pk}  ${key.sk}  ${typeOf(record)}`);
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
