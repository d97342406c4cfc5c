/** Drops the tables, after asking. */
import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { dataLayout } from '#server/adapters';
import { lockFolder } from '#server/lock';
import { confirmed } from './confirm.ts';
import type { Command } from './main.ts';
import { print } from './output.ts';
import { describeTarget, targetOf } from './target.ts';

export const command: Command = {
  help: `drop [prod] [--yes]

Drops the tables and everything in them. Asks first, unless --yes. A table on AWS that is protected against deletion
is not dropped: lift its protection first, on purpose and by hand.`,
  options: { yes: { type: 'boolean', default: false } },
  run: async (positionals, values) => {
    const { config } = targetOf(positionals, 0);
    const what = describeTarget(config);
    if (values.yes !== true && !(await confirmed('drop', `Drop ${what}, with everything in it?`))) {
      print('Nothing was dropped.');
      return;
    }
    if (config.table.kind === 'embedded') {
      if (!existsSync(config.data)) {
        print(`There is nothing in ${resolve(config.data)}; nothing was dropped.`);
        return;
      }
      // A server at work here would go on with files that are gone.
      const unlock = lockFolder(config.data);
      for (const path of Object.values(dataLayout(config.data))) rmSync(path, { recursive: true, force: true });
      unlock();
    } else {
      const { createDynamoAdmin } = await import('#table/dynamodb/admin');
      const { table, region, endpoint } = config.table;
      const admin = createDynamoAdmin({ region, endpoint, sleep: setTimeout });
      // A server of one's own has no accidents to be protected against; AWS's own protection is never lifted here.
      const options = { liftProtection: endpoint !== undefined };
      for (const name of [table, `${table}-keys`]) await admin.deleteTable(name, options);
    }
    print(`Dropped ${what}.`);
  },
};
