/** The table's contract over plain memory. */
import { createMemoryTable } from '#table/embedded/memory-table';
import { mainSchema } from '#table/schema';
import { describeTableContract } from './table-contract.ts';

describeTableContract('the embedded table over memory', async () => {
  const table = createMemoryTable({ schema: mainSchema, name: 'parley', now: Date.now });
  return { table, close: () => table.close() };
});
