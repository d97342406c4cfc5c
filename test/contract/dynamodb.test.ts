/** [TABLE-5] The DynamoDB adapter passes the contract of the port, on dynoxide or on the server at `DYNAMODB_ENDPOINT`. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe } from 'vitest';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';
import { skipServerTests, startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { describeTableContract } from './table-contract.ts';

// Somebody else's server is not what is searched for faults here: the same cases each time, others by CONTRACT_SEED.
beforeAll(() => fc.configureGlobal({ seed: Number(process.env.CONTRACT_SEED ?? 20_261_122) }));
// Other files run in this process after it, and are to find what is new.
afterAll(() => fc.resetConfigureGlobal());

describe.skipIf(skipServerTests)('on a DynamoDB server', () => {
  describeTableContract('the DynamoDB adapter', async () => {
    const name = `contract-${process.pid}`;
    const server = await startDynamoServer();
    const { endpoint } = server;
    const admin = createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });
    await admin.createTable(name, mainSchema);
    const options = { name, schema: mainSchema, region: testRegion, endpoint, now: Date.now, random: Math.random };
    // Long attempts: what is shown here is the contract, not how a slow machine is waited for.
    const table = createDynamoTable({ ...options, attemptMs: 20_000 });
    return {
      table,
      close: async () => {
        await table.close();
        await admin.deleteTable(name, { liftProtection: true });
        admin.close();
        await server.stop();
      },
    };
  });
});
