/**
 * CPU of this process per call, through the adapter and through the SDK's own client, against one server:
 * `node --conditions=source --import tsx test/dynamodb/measure.ts`. Give a server that keeps its tables in memory
 * (`dynoxide serve`, `DYNAMODB_ENDPOINT`), or the waking up for each answer is measured too. The table has no stream,
 * because dynoxide's puts slow down as its stream grows. Last, what of a put alone is not ours to save.
 */
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';
import { startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { openFloors } from './floors.ts';

const rounds = 3;
const calls = 1_000;
const name = 'measure';

const server = await startDynamoServer();
const { endpoint } = server;
const admin = createDynamoAdmin({ region: testRegion, endpoint, sleep: () => Promise.resolve() });
await admin.createTable(name, { ...mainSchema, stream: false });
const options = { name, schema: mainSchema, region: testRegion, endpoint, now: Date.now, random: Math.random };
const table = createDynamoTable(options);
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const sdk = new DynamoDBClient({ region: testRegion, endpoint, credentials });

const read = { pk: `MSG#${'a'.repeat(36)}` };
const message = (pk: string, n: number) => ({
  pk,
  sk: String(n).padStart(12, '0'),
  uuid: 'u'.repeat(36),
  user_uuid: 'v'.repeat(36),
  display_name: 'Somebody',
  handle: 'some',
  message: 'x'.repeat(200),
  created_at: '2026-01-01T00:00:00.000Z',
});
for (let n = 0; n < 20; n += 1) await table.put({ item: message(read.pk, n) });

let serial = 0;
const next = () => {
  serial += 1;
  return message(`${read.pk}${serial >> 5}`, serial);
};
const strings = (item: { readonly [attribute: string]: string }) =>
  Object.fromEntries(Object.entries(item).map(([attribute, S]) => [attribute, { S }]));
const absent = { attribute: 'pk', is: 'absent' } as const;
const key = { pk: read.pk, sk: '000000000001' };

const operations: readonly (readonly [what: string, adapter: () => Promise<unknown>, sdk: () => Promise<unknown>])[] = [
  [
    'put',
    () => table.put({ item: next(), condition: absent }),
    () =>
      sdk.send(
        new PutItemCommand({
          TableName: name,
          Item: strings(next()),
          ConditionExpression: 'attribute_not_exists(#a)',
          ExpressionAttributeNames: { '#a': 'pk' },
          ReturnConsumedCapacity: 'TOTAL',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
  ],
  [
    'get',
    () => table.get({ key }),
    () => sdk.send(new GetItemCommand({ TableName: name, Key: strings(key), ReturnConsumedCapacity: 'TOTAL' })),
  ],
  [
    'query of 20',
    () => table.query({ pk: read.pk, limit: 20 }),
    () =>
      sdk.send(
        new QueryCommand({
          TableName: name,
          KeyConditionExpression: '#a = :a',
          ExpressionAttributeNames: { '#a': 'pk' },
          ExpressionAttributeValues: { ':a': { S: read.pk } },
          ScanIndexForward: false,
          Limit: 20,
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
  ],
];

/** Microseconds of CPU per call. */
const cpu = async (work: () => Promise<unknown>, inFlight: number): Promise<number> => {
  let left = calls;
  const before = process.cpuUsage();
  const worker = async (): Promise<void> => {
    for (; left > 0; left -= 1) await work();
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
};
const median = (numbers: readonly number[]): string =>
  `${([...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0).toFixed(0)} µs`;

const found = new Map<string, { adapter: number[]; sdk: number[] }>();
for (let round = 0; round <= rounds; round += 1) {
  for (const inFlight of [1, 32]) {
    for (const [what, adapter, other] of operations) {
      const label = `${what}, ${inFlight} in flight`;
      const row = found.get(label) ?? { adapter: [], sdk: [] };
      found.set(label, row);
      const ours = await cpu(adapter, inFlight);
      const theirs = await cpu(other, inFlight);
      // The first round warms the compiler up.
      if (round > 0) {
        row.adapter.push(ours);
        row.sdk.push(theirs);
      }
    }
  }
}
for (const [label, row] of found) console.log(`${label}: adapter ${median(row.adapter)}, SDK ${median(row.sdk)}`);

const floors = await openFloors(endpoint);
const bytes = () =>
  JSON.stringify({
    TableName: name,
    ReturnConsumedCapacity: 'TOTAL',
    Item: strings(next()),
    ConditionExpression: 'attribute_not_exists(#a0)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ExpressionAttributeNames: { '#a0': 'pk' },
  });
const alone = {
  'this transport': () => table.put({ item: next(), condition: absent }),
  'undici with the same bytes': () => floors.undici(bytes()),
  'a bare socket': () => floors.socket(bytes()),
};
const costs = new Map<string, number[]>(Object.keys(alone).map((label) => [label, []]));
for (let round = 0; round <= 3 * rounds; round += 1) {
  for (const [label, work] of Object.entries(alone)) {
    const micros = await cpu(work, 1);
    if (round > 0) costs.get(label)?.push(micros);
  }
}
for (const [label, all] of costs) console.log(`put alone, ${label}: ${median(all)}`);

await floors.close();
await table.close();
sdk.destroy();
await admin.deleteTable(name, { liftProtection: true });
admin.close();
await server.stop();
