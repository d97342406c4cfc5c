/** Reads everything, page by page: the one scan there is, for people only (TABLE-2). */
import type { QueryPosition } from '#table/port';
import type { Command } from './main.ts';
import { print, printLine, table } from './output.ts';
import { describeTarget, requireData, targetOf, withTables } from './target.ts';
import { countOf } from './usage.ts';

const pageLimit = 100;
/** More than that is everything: leave `--limit` out. */
const itemsMax = 999_999_999;

const plain = (_: string, value: unknown): unknown =>
  value instanceof Set ? [...value] : value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;

export const command: Command = {
  help: `scan [prod] [--json] [--limit N] [--keys]

Prints every item, a page at a time; --json prints one JSON object a line, --limit stops after N items, --keys scans the
table of wrapped keys. Texts are shown as they are stored: sealed.`,
  options: {
    json: { type: 'boolean', default: false },
    limit: { type: 'string' },
    keys: { type: 'boolean', default: false },
  },
  run: async (positionals, values) => {
    const { config } = targetOf(positionals, 0);
    let left = values.limit === undefined ? Number.POSITIVE_INFINITY : countOf('limit', values.limit, itemsMax);
    requireData(config);
    await withTables(config, async (tables) => {
      const scanned = values.keys === true ? tables.keys : tables.main;
      let start: QueryPosition | undefined;
      let items = 0;
      let read = 0;
      do {
        const limit = Math.min(pageLimit, left);
        const page = await scanned.scan(start ? { limit, start } : { limit });
        if (values.json === true) for (const item of page.items) await printLine(JSON.stringify(item, plain));
        else if (page.items.length > 0) {
          const names = [...new Set(page.items.flatMap((item) => Object.keys(item)))];
          await printLine(
            table(page.items, ['pk', 'sk', ...names.filter((name) => name !== 'pk' && name !== 'sk').slice(0, 5)]),
          );
        }
        items += page.items.length;
        left -= page.items.length;
        read += page.capacity.read;
        start = page.next;
      } while (start !== undefined && left > 0);
      if (values.json !== true) print(`${items} items, ${read} read units, in ${describeTarget(config)}`);
    });
  },
};
