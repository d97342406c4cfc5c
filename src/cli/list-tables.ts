/** Lists the tables there are. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { dataLayout } from '#server/adapters';
import type { Command } from './main.ts';
import { print, table } from './output.ts';
import { describeTarget, requireData, targetOf } from './target.ts';

export const command: Command = {
  help: `list-tables [prod]

Lists the tables: of the data folder, or of the region or endpoint.`,
  run: async (positionals) => {
    const { config } = targetOf(positionals, 0);
    if (config.table.kind === 'dynamodb') {
      const { createDynamoAdmin } = await import('#table/dynamodb/admin');
      const { region, endpoint } = config.table;
      print(
        table(
          (await createDynamoAdmin({ region, endpoint, sleep: setTimeout }).listTables()).map((name) => ({ name })),
          ['name'],
        ),
      );
      return;
    }
    requireData(config, config.data);
    const { main, keys } = dataLayout(config.data);
    const there = [
      { name: 'parley', path: main },
      { name: 'parley-keys', path: keys },
    ].filter(({ path }) => existsSync(path));
    print(table(there, ['name', 'path']));
    print(`in ${describeTarget(config)}`);
  },
};
