/** Presigned addresses against AWS's documented example and against the SDK's signer. */
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeSha256 } from '../../../test/support/elasticache-standin.ts';
import { presign } from './presign.ts';

const text = fc.string({ unit: fc.constantFrom(..."abcXYZ019+/=-_.~!'()*&? ä😀"), minLength: 1 });

test("random addresses are presigned as the SDK's signer presigns them", async () => {
  const any = fc.record({
    at: fc.date({ min: new Date('2020-01-01T00:00:00Z'), max: new Date('2035-01-01T00:00:00Z'), noInvalidDate: true }),
    credentials: fc.record(
      { accessKeyId: text, secretAccessKey: text, sessionToken: text },
      { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
    ),
    host: fc.constantFrom('parley', 'cache-01', 'example.com'),
    query: fc.dictionary(fc.constantFrom('Action', 'User', 'ResourceType', 'a', 'Z'), text),
    expiresSeconds: fc.integer({ min: 1, max: 604_800 }),
  });
  await fc.assert(
    fc.asyncProperty(any, async ({ at, credentials, host, query, expiresSeconds }) => {
      const signer = new SignatureV4({
        service: 'elasticache',
        region: 'eu-central-1',
        credentials,
        sha256: NodeSha256,
      });
      const request = { method: 'GET', protocol: 'http:', hostname: host, path: '/', query, headers: { host } };
      const theirs = await signer.presign(request, { signingDate: at, expiresIn: expiresSeconds });
      const ours = presign({
        service: 'elasticache',
        region: 'eu-central-1',
        host,
        query,
        expiresSeconds,
        credentials,
        at: at.getTime(),
      });
      expect(ours.startsWith(`${host}/?`)).toBe(true);
      expect(Object.fromEntries(new URL(`http://${ours}`).searchParams)).toEqual({ ...theirs.query });
    }),
  );
});
