/**
 * Signing in to a serverless cache of ElastiCache by IAM: the password is a presigned request to `connect`, without its scheme,
 * good for 15 minutes. A connection lasts 12 hours from its last `AUTH`, then the service ends it:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
 */
import type { SignIn } from './valkey-connection.ts';
import type { ValkeyTarget } from './valkey-target.ts';

const tokenSeconds = 900;
export const connectionMs = 12 * 3_600_000;

/** Presigns a GET to `/`; gives the address without its scheme. May reject: there are no credentials. */
export type Presign = (request: {
  readonly service: string;
  readonly region: string;
  readonly host: string;
  readonly query: { readonly [name: string]: string };
  readonly expiresSeconds: number;
}) => Promise<string>;

export const iamSignIn = ({ cache, user, region }: NonNullable<ValkeyTarget['iam']>, presign: Presign): SignIn => ({
  user,
  lastsMs: connectionMs,
  password: () =>
    presign({
      service: 'elasticache',
      region,
      // The name, not the address: the service makes the same request from it, and compares.
      host: cache,
      query: { Action: 'connect', User: user, ResourceType: 'ServerlessCache' },
      expiresSeconds: tokenSeconds,
    }),
});
