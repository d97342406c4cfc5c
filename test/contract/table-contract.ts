/**
 * The contract of the port `Table` (TABLE-5): every adapter passes the same suite, in a dozen lines of its own. The table
 * is opened once; tests keep apart by using partitions of their own. The schema is `mainSchema`.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { ScannableTable } from '#table/port';
import { describeCapacity } from './table/capacity.ts';
import { describeConditions } from './table/conditions.ts';
import { describeFeed } from './table/feed.ts';
import { type ContractOptions, createContract, type OpenTable } from './table/harness.ts';
import { describeIndex } from './table/index-entries.ts';
import { describeLimits } from './table/limits.ts';
import { describeQueries } from './table/queries.ts';
import { describeUpdates } from './table/updates.ts';
import { describeValues } from './table/values.ts';

export const describeTableContract = (
  name: string,
  open: () => Promise<OpenTable>,
  options: ContractOptions = {},
): void => {
  describe(`[TABLE-5] ${name} is a Table`, () => {
    let opened: OpenTable | undefined;
    const table = (): ScannableTable => {
      if (opened === undefined) throw new Error('the table is not open');
      return opened.table;
    };
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened?.close();
    });
    const contract = createContract(table, options);
    describeValues(contract);
    describeQueries(contract);
    describeIndex(contract);
    describeConditions(contract);
    describeUpdates(contract);
    describeLimits(contract);
    describeCapacity(contract);
    describeFeed(contract);
  });
};
