import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const cognito = { COGNITO_USER_POOL_ID: 'eu-central-1_AbCdEf123', COGNITO_CLIENT_ID: 'abc123' };

describe('the environment', () => {
  test('nothing set is the embedded default, on this machine', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3_000,
      data: '.parley',
      demo: false,
      erases: true,
      fansOut: true,
      production: false,
      table: { kind: 'embedded' },
      signIn: { kind: 'embedded' },
      kmsPreviousKeyIds: [],
      rateLimits: { perUser: 20, perAddress: 200 },
      logLevel: 'info',
      metricsPublic: false,
      proxies: 0,
    });
  });

  test('an empty value counts as none', () => {
    expect(readConfig({ PORT: '', DYNAMODB_TABLE: ' ' }).port).toBe(3_000);
  });

  test('a region or an endpoint means DynamoDB', () => {
    expect(readConfig({ DYNAMODB_ENDPOINT: 'http://127.0.0.1:8000' }).table).toMatchObject({
      kind: 'dynamodb',
      table: 'parley',
      endpoint: 'http://127.0.0.1:8000',
    });
    expect(readConfig({ AWS_REGION: 'eu-west-1', DYNAMODB_TABLE: 'talk' }).table).toMatchObject({
      table: 'talk',
      region: 'eu-west-1',
    });
  });

  test('[SEC-8] Valkey by what its address holds, or by IAM', () => {
    const url = 'rediss://node:secret@x.example:6379';
    expect(readConfig({ AWS_REGION: 'eu-west-1', VALKEY_URL: url }).valkey).toEqual({ url });
    expect(readConfig(iam).valkey).toEqual({
      url: iam.VALKEY_URL,
      iam: { cache: 'parley', user: 'parley-service', region: 'eu-west-1' },
    });
  });

  test('[SEC-7] what is said of a wrong address of Valkey holds no password', () => {
    for (const url of ['rediss://parley-service:secret@x.example', 'http://node:secret@x.example'])
      expect(() => readConfig({ ...iam, VALKEY_URL: url })).toThrow(/^(?!.*secret)/);
  });

  test('production is Cognito, a key of KMS, and any address', () => {
    const config = readConfig({
      ...cognito,
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      AWS_REGION: 'eu-west-1',
      KMS_KEY_ID: 'key',
      COGNITO_DOMAIN: 'https://sign.example/',
    });
    expect(config.signIn).toMatchObject({ kind: 'cognito', domain: 'https://sign.example' });
    expect(config.kmsKeyId).toBe('key');
  });

  test('[SEC-2] keys of KMS that were before the one of now, with commas between them', () => {
    expect(readConfig({ ...kms, KMS_PREVIOUS_KEY_IDS: ' older, arn:aws:kms:eu-west-1:1:key/oldest ,' })).toMatchObject({
      kmsKeyId: 'key',
      kmsPreviousKeyIds: ['older', 'arn:aws:kms:eu-west-1:1:key/oldest'],
    });
  });
});

const kms = { AWS_REGION: 'eu-west-1', KMS_KEY_ID: 'key' };

const iam = {
  AWS_REGION: 'eu-west-1',
  VALKEY_URL: 'rediss://parley-service@x.example:6379',
  VALKEY_IAM_CACHE: 'parley',
};

const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
  [{ PORT: '80.5' }, /PORT is "80\.5".*0 to 65535/],
  [{ PORT: '70000' }, /PORT/],
  [{ HOST: 'my machine' }, /HOST is "my machine"/],
  [{ PARLEY_DEMO: 'yes' }, /PARLEY_DEMO.*1 or 0/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL is "loud".*debug/],
  [{ RATE_LIMIT_PER_USER: '0' }, /RATE_LIMIT_PER_USER/],
  [{ DYNAMODB_ENDPOINT: 'localhost:8000' }, /DYNAMODB_ENDPOINT/],
  [{ DYNAMODB_TABLE: 'talk' }, /DYNAMODB_TABLE is set, but neither AWS_REGION nor DYNAMODB_ENDPOINT/],
  [{ DAX_ENDPOINT: 'daxs://x.example' }, /DAX_ENDPOINT/],
  [{ DAX_ENDPOINT: 'daxs://x.example', AWS_REGION: 'eu-west-1', DYNAMODB_ENDPOINT: 'http://x:1' }, /both set/],
  [{ VALKEY_URL: 'redis://x' }, /VALKEY_URL connects several nodes/],
  [{ VALKEY_URL: 'x.example:6379' }, /VALKEY_URL is no address that begins with redis/],
  [{ VALKEY_IAM_CACHE: 'parley' }, /VALKEY_IAM_CACHE is set, but VALKEY_URL does not say/],
  [{ ...iam, AWS_REGION: '', DYNAMODB_ENDPOINT: 'http://x:1' }, /AWS_REGION does not say where the cache is/],
  [{ ...iam, VALKEY_URL: 'redis://parley-service@x.example' }, /not encrypted/],
  [{ ...iam, VALKEY_URL: 'rediss://parley-service:secret@x.example' }, /by IAM or by password/],
  [{ ...iam, VALKEY_URL: 'rediss://x.example' }, /names no user in lower case/],
  [{ ...iam, VALKEY_URL: 'rediss://Parley@x.example' }, /names no user in lower case/],
  [{ ...iam, VALKEY_IAM_CACHE: 'parley.serverless.euw1.cache.amazonaws.com' }, /the name of the serverless cache/],
  [{ ...iam, VALKEY_IAM_CACHE: 'Parley' }, /in lower case/],
  [{ KMS_KEY_ID: 'key' }, /KMS_KEY_ID is set, but AWS_REGION/],
  [{ KMS_KEY_ID: 'key', AWS_REGION: '' }, /KMS_KEY_ID is set, but AWS_REGION/],
  [{ KMS_KEY_ID: 'alias/foo', AWS_REGION: 'us-east-1' }, /KMS_KEY_ID is "alias\/foo".*id or ARN/],
  [{ KMS_KEY_ID: 'arn:aws:kms:us-east-1:1:alias/foo', AWS_REGION: 'us-east-1' }, /KMS_KEY_ID is .*id or ARN/],
  [{ KMS_PREVIOUS_KEY_IDS: 'old' }, /KMS_PREVIOUS_KEY_IDS is set, but KMS_KEY_ID/],
  [{ ...kms, KMS_PREVIOUS_KEY_IDS: 'old, alias/older' }, /KMS_PREVIOUS_KEY_IDS is "alias\/older".*id or ARN/],
  [{ ...kms, KMS_PREVIOUS_KEY_IDS: 'old,key' }, /names the key of KMS_KEY_ID/],
  [{ ...cognito, NODE_ENV: 'production' }, /NODE_ENV is production, but the keys of the embedded table/],
  [{ COGNITO_CLIENT_ID: 'abc' }, /COGNITO_CLIENT_ID is set without COGNITO_USER_POOL_ID/],
  [{ COGNITO_USER_POOL_ID: cognito.COGNITO_USER_POOL_ID }, /without COGNITO_CLIENT_ID/],
  [{ COGNITO_DOMAIN: 'https://x.example' }, /COGNITO_DOMAIN is set without/],
  [{ ...cognito, NODE_ENV: 'production', AWS_REGION: 'eu-west-1' }, /KMS_KEY_ID names no key/],
  [{ NODE_ENV: 'Production' }, /NODE_ENV is "Production".*lower case/],
  [{ NODE_ENV: 'prod' }, /NODE_ENV is "prod"/],
];

describe('a wrong or contradictory value stops the start with one line that says which and why', () => {
  test.each(wrong)('%j', (environment, message) => {
    expect(() => readConfig(environment)).toThrow(ConfigError);
    expect(() => readConfig(environment)).toThrow(message);
    try {
      readConfig(environment);
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });

  test('[SEC-1] the local sign-in is refused off this machine and in production', () => {
    expect(() => readConfig({ HOST: '0.0.0.0' })).toThrow(/local sign-in/);
    expect(() => readConfig({ HOST: '::' })).toThrow(/local sign-in/);
    expect(() => readConfig({ NODE_ENV: 'production' })).toThrow(/nobody can sign in/);
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1'])
      expect(readConfig({ HOST: host }).host).toBe(host);
  });
});
