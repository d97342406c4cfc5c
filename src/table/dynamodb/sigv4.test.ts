/** The signer against AWS's published test suite, against the SDK's signer, and against what the SDK's client really sends. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeSha256 } from '../../../test/support/elasticache-standin.ts';
import { amzTimestamp, createSigner, type SignedHeader } from './sigv4.ts';

const example = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const timestamp = '20150830T123600Z';

const signatureOf = (authorization: string): string => authorization.split('Signature=')[1] ?? '';

/** aws-sig-v4-test-suite: those of its cases that are a POST to `/`. */
const published: readonly (readonly [
  name: string,
  headers: readonly SignedHeader[],
  body: string,
  signature: string,
])[] = [
  ['post-vanilla', [], '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-key-sort',
    [['my-header1', 'value1']],
    '',
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
  [
    'post-x-www-form-urlencoded',
    [['content-type', 'application/x-www-form-urlencoded']],
    'Param1=value1',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
];

test.each(published)('the published case %s', (_name, more, body, signature) => {
  const host = ['host', 'example.amazonaws.com'] as const;
  const date = ['x-amz-date', timestamp] as const;
  const headers = [host, ...more, date].sort(([a], [b]) => (a < b ? -1 : 1));
  const authorization = createSigner('us-east-1', 'service').authorization(headers, body, example, timestamp);
  expect(signatureOf(authorization)).toBe(signature);
});

const text = fc.string({ unit: fc.constantFrom(...'abcXYZ019+/=-'), minLength: 1 });

test('random requests are signed as the SDK signs them, whatever day, secret and body', async () => {
  const signer = createSigner('eu-central-1', 'dynamodb');
  const any = fc.record({
    at: fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-01-01T00:00:00Z'), noInvalidDate: true }),
    accessKeyId: text,
    secretAccessKey: text,
    sessionToken: fc.option(text, { nil: undefined }),
    body: fc.string({ unit: 'grapheme' }),
    operation: fc.constantFrom('PutItem', 'Query', 'UpdateItem'),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ at, accessKeyId, secretAccessKey, sessionToken, body, operation }) => {
      const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
      const host = 'dynamodb.eu-central-1.amazonaws.com';
      const target = `DynamoDB_20120810.${operation}`;
      const theirs = await new SignatureV4({
        service: 'dynamodb',
        region: 'eu-central-1',
        credentials,
        sha256: NodeSha256,
        applyChecksum: false,
      }).sign(
        {
          method: 'POST',
          protocol: 'https:',
          hostname: host,
          path: '/',
          query: {},
          headers: { host, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
          body,
        },
        { signingDate: at },
      );
      const headers: SignedHeader[] = [
        ['content-type', 'application/x-amz-json-1.0'],
        ['host', host],
        ['x-amz-date', amzTimestamp(at.getTime())],
        ...(sessionToken === undefined ? [] : [['x-amz-security-token', sessionToken] as const]),
        ['x-amz-target', target],
      ];
      const ours = signer.authorization(headers, body, credentials, amzTimestamp(at.getTime()));
      expect(ours).toBe(theirs.headers.authorization);
    }),
  );
});

test("a request of the SDK's own client carries the signature that this signer gives it", async () => {
  const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const credentials = { ...example, sessionToken: 'token' };
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials });
  await client.send(new PutItemCommand({ TableName: 'main', Item: { pk: { S: 'ä😀' }, sk: { S: '1' } } }));
  client.destroy();
  await new Promise((resolve) => server.close(resolve));

  const [request] = seen;
  if (request === undefined) throw new Error('nothing was sent');
  const theirs = String(request.headers.authorization);
  const names = /SignedHeaders=([^,]+)/.exec(theirs)?.[1]?.split(';') ?? [];
  const headers = names.map((name) => [name, String(request.headers[name])] as const);
  const date = String(request.headers['x-amz-date']);
  expect(createSigner('us-east-1', 'dynamodb').authorization(headers, request.body, credentials, date)).toBe(theirs);
});
