/** The table's contract over LMDB. What only files can do is in `src/table/embedded/lmdb-table.test.ts`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { mainSchema } from '#table/schema';
import { describeTableContract } from './table-contract.ts';

describeTableContract('the embedded table over LMDB', async () => {
  const path = await mkdtemp(join(tmpdir(), 'parley-table-'));
  const table = await openEmbeddedTable({ path, schema: mainSchema, name: 'parley', now: Date.now });
  return {
    table,
    close: async () => {
      await table.close();
      await rm(path, { recursive: true, force: true });
    },
  };
});
