/** The table alone: DynamoDB's model in process, with its conditions and its capacity. */
import { createMemoryTable, mainSchema } from 'parley/table';

const table = createMemoryTable({ schema: mainSchema, name: 'example', now: Date.now });
const item = { pk: 'MSG#1', sk: '000000000001', message: 'hello' };
await table.put({ item, condition: { attribute: 'pk', is: 'absent' } });
const { items, capacity } = await table.query({ pk: 'MSG#1', sk: ['begins_with', '0000'] });
console.log(items.length, capacity.read);
