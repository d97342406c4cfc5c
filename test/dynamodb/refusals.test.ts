/** [INBOX-8] Whose fault it is that a service refuses: who asks, or what is asked. */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { isOfTheRecord } from '#messenger/set-aside';
import { createDynamoTable } from '#table/dynamodb/table';
import { mainSchema } from '#table/schema';

const refusalAs = async (name: string): Promise<unknown> => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const common = { name: 'refusals', schema: mainSchema, region: 'us-east-1', now: Date.now, random: Math.random };
  const table = createDynamoTable({ ...common, endpoint });
  try {
    return await table.put({ item: { pk: 'a', sk: 'b' } }).catch((error: unknown) => error);
  } finally {
    await table.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
};

test.each([
  ['AccessDeniedException', true],
  ['UnrecognizedClientException', true],
  ['KMSAccessDeniedException', true],
  ['ValidationException', false],
])('[INBOX-8] %s: denied is %s, and only what is not is a fault of the record', async (name, denied) => {
  const error = await refusalAs(name);
  expect(error).toMatchObject({ code: 'invalid', denied });
  expect(isOfTheRecord(error)).toBe(!denied);
});
