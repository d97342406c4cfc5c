/**
 * Signing in to a serverless cache of ElastiCache by IAM: the password is a presigned request to `connect`, without its scheme,
 * good for 15 minutes. A connection lasts 12 hours from its last `AUTH`, then the service ends it:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
 */
import type { CredentialProvider } from '#table/dynamodb/credentials';
import { presign } from '#table/dynamodb/presign';
import type { SignIn } from './valkey-connection.ts';
import type { ValkeyTarget } from './valkey-target.ts';

const tokenSeconds = 900;
export const connectionMs = 12 * 3_600_000;

/** @param now milliseconds since the epoch. */
export const iamSignIn = (
  { cache, user, region }: NonNullable<ValkeyTarget['iam']>,
  credentials: CredentialProvider,
  now: () => number,
): SignIn => ({
  user,
  lastsMs: connectionMs,
  password: async () =>
    presign({
      service: 'elasticache',
      region,
      // The name, not the address: the service makes the same request from it, and compares.
      host: cache,
      query: { Action: 'connect', User: user, ResourceType: 'ServerlessCache' },
      expiresSeconds: tokenSeconds,
      credentials: await credentials(),
      at: now(),
    }),
});
