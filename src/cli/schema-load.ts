/** Makes the tables from their one description (TABLE-1). */

import { setTimeout } from 'node:timers/promises';
import { keysSchema, mainSchema, primaryKey } from '#table/schema';
import type { Command } from './main.ts';
import { print } from './output.ts';
import { describeTarget, targetOf, withTables } from './target.ts';

export const command: Command = {
  help: `schema-load [prod]

Makes the tables: the main one with its index and stream, and the one of wrapped keys. Repeating it is safe.
On the embedded table by default; on DynamoDB with AWS_REGION or DYNAMODB_ENDPOINT set, or with the word prod.`,
  run: async (positionals) => {
    const { config } = targetOf(positionals, 0);
    if (config.table.kind === 'dynamodb') {
      const { createDynamoAdmin } = await import('#table/dynamodb/admin');
      const { table, region, endpoint } = config.table;
      const admin = createDynamoAdmin({ region, endpoint, sleep: setTimeout });
      for (const [name, schema] of [
        [table, mainSchema],
        [`${table}-keys`, keysSchema],
      ] as const) {
        const { created, notes } = await admin.createTable(name, schema);
        print(`${name}: ${created ? 'created' : 'was there already'}`);
        for (const note of notes) print(`  ${note}`);
      }
      return;
    }
    await withTables(config, async ({ main, keys }) => {
      for (const table of [main, keys]) print(`${table.name}: ready`);
    });
    print(`in ${describeTarget(config)}`);
    print(`key: ${primaryKey.partitionKey} (partition), ${primaryKey.sortKey} (sort)`);
    for (const [name, index] of Object.entries(mainSchema.indexes)) {
      print(`index ${name}: ${index.partitionKey} (partition), ${index.sortKey} (sort)`);
    }
  },
};
