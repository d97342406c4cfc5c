/**
 * The environment, read once at the start: every value checked, contradictions refused with one line that says which and why.
 * Nothing else reads `process.env`.
 */
import { isIP } from 'node:net';
import { type ValkeyTarget, valkeyTarget } from '#bus/valkey-target';

/** Why the server does not start, in one line for a person. */
export class ConfigError extends Error {}

export interface DynamoConfig {
  readonly kind: 'dynamodb';
  readonly table: string;
  readonly region: string;
  /** A DynamoDB-compatible server; absent: the region's own endpoint. */
  readonly endpoint?: string;
  /** A DAX cluster that immutable reads go through. */
  readonly dax?: string;
}

export interface CognitoConfig {
  readonly kind: 'cognito';
  readonly userPoolId: string;
  readonly clientId: string;
  /** The hosted sign-in's address, `https://…`; without it clients bring their own sign-in. */
  readonly domain?: string;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** The folder of the embedded table, the local key file and the server's lock. */
  readonly data: string;
  readonly demo: boolean;
  readonly production: boolean;
  readonly table: { readonly kind: 'embedded' } | DynamoConfig;
  readonly signIn: { readonly kind: 'embedded' } | CognitoConfig;
  readonly kmsKeyId?: string;
  /** Keys of KMS that older data keys may still be under. */
  readonly kmsPreviousKeyIds: readonly string[];
  readonly valkey?: ValkeyTarget;
  /** Requests a second; bursts of ten times that. */
  readonly rateLimits: { readonly perUser: number; readonly perAddress: number };
  readonly logLevel: (typeof logLevels)[number];
  /** Whether erasures are carried out here; otherwise they are only begun here, and `bin/users resume` does the rest. */
  readonly erases: boolean;
  /** Whether this process runs the fan-out; not where a function behind the stream does. */
  readonly fansOut: boolean;
  /** Whether `/metrics` answers others than this machine. */
  readonly metricsPublic: boolean;
  /** How many proxies stand in front and set X-Forwarded-For; 0: the socket's own address counts. */
  readonly proxies: number;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one variable at a time; an empty one counts as absent. */
const reader = (environment: Environment) => {
  const text = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  const whole = (name: string, otherwise: number, min: number, max: number): number => {
    const value = text(name);
    if (value === undefined) return otherwise;
    const number = Number(value);
    if (/^\d{1,9}$/.test(value) && number >= min && number <= max) return number;
    throw new ConfigError(`${name} is "${value}": give a whole number from ${min} to ${max}.`);
  };
  const flag = (name: string, otherwise: '0' | '1' = '0'): boolean => {
    const value = text(name) ?? otherwise;
    if (value === '0' || value === '1') return value === '1';
    throw new ConfigError(`${name} is "${value}": give 1 or 0.`);
  };
  const url = (name: string, protocols: readonly string[]): string | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    throw new ConfigError(`${name} is "${value}": give an address that begins with ${protocols.join('// or ')}//.`);
  };
  const matching = (name: string, pattern: RegExp, example: string): string | undefined => {
    const value = text(name);
    if (value === undefined || pattern.test(value)) return value;
    throw new ConfigError(`${name} is "${value}": give something like ${example}.`);
  };
  return { text, whole, flag, url, matching };
};

type Reader = ReturnType<typeof reader>;

const tableOf = ({ url, matching }: Reader): Config['table'] => {
  const table = matching('DYNAMODB_TABLE', /^[A-Za-z0-9_.-]{3,255}$/, 'parley');
  const region = matching('AWS_REGION', /^[a-z]{2}(-[a-z]+)+-\d$/, 'eu-central-1');
  const endpoint = url('DYNAMODB_ENDPOINT', ['http:', 'https:']);
  const dax = url('DAX_ENDPOINT', ['dax:', 'daxs:']);
  if (region === undefined && endpoint === undefined) {
    if (table !== undefined)
      throw new ConfigError(
        'DYNAMODB_TABLE is set, but neither AWS_REGION nor DYNAMODB_ENDPOINT says where the table is.',
      );
    if (dax !== undefined)
      throw new ConfigError('DAX_ENDPOINT is set, but DAX caches DynamoDB: set AWS_REGION, or leave DAX out.');
    return { kind: 'embedded' };
  }
  if (dax !== undefined && endpoint !== undefined)
    throw new ConfigError(
      "DAX_ENDPOINT and DYNAMODB_ENDPOINT are both set, but DAX stands only before AWS's own endpoint.",
    );
  return {
    kind: 'dynamodb',
    table: table ?? 'parley',
    region: region ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    ...(dax !== undefined && { dax }),
  };
};

const signInOf = ({ url, matching }: Reader): Config['signIn'] => {
  const userPoolId = matching('COGNITO_USER_POOL_ID', /^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$/, 'eu-central-1_AbCdEf123');
  const clientId = matching('COGNITO_CLIENT_ID', /^[\w+]{1,128}$/, 'the id of the app client');
  const domain = url('COGNITO_DOMAIN', ['https:'])?.replace(/\/+$/, '');
  if (userPoolId === undefined && clientId === undefined) {
    if (domain === undefined) return { kind: 'embedded' };
    throw new ConfigError('COGNITO_DOMAIN is set without COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID.');
  }
  if (userPoolId === undefined) throw new ConfigError('COGNITO_CLIENT_ID is set without COGNITO_USER_POOL_ID.');
  if (clientId === undefined) throw new ConfigError('COGNITO_USER_POOL_ID is set without COGNITO_CLIENT_ID.');
  return { kind: 'cognito', userPoolId, clientId, ...(domain !== undefined && { domain }) };
};

const valkeyOf = ({ text }: Reader, table: Config['table']): ValkeyTarget | undefined => {
  const [url, iamCache, region] = [text('VALKEY_URL'), text('VALKEY_IAM_CACHE'), text('AWS_REGION')];
  const read = valkeyTarget({ url, iamCache, region });
  if ('problem' in read) throw new ConfigError(read.problem);
  if (read.target !== undefined && table.kind === 'embedded')
    throw new ConfigError(
      'VALKEY_URL connects several nodes, but the embedded table serves one: set AWS_REGION or DYNAMODB_ENDPOINT.',
    );
  return read.target;
};

/** An alias can be pointed at another key, which opens nothing that was sealed before. */
const refuseAlias = (name: string, id: string): void => {
  if (/(^|:)alias\//.test(id))
    throw new ConfigError(
      `${name} is "${id}": give a key's id or ARN. An alias can be pointed at another key, which opens nothing that was sealed before.`,
    );
};

/** The keys that were before KMS_KEY_ID, with commas between them. */
const previousKmsKeysOf = ({ text }: Reader, kmsKeyId: string | undefined): readonly string[] => {
  const name = 'KMS_PREVIOUS_KEY_IDS';
  const ids = (text(name) ?? '').split(',').flatMap((id) => (id.trim() === '' ? [] : [id.trim()]));
  for (const id of ids) refuseAlias(name, id);
  if (ids.length > 0 && kmsKeyId === undefined)
    throw new ConfigError(`${name} is set, but KMS_KEY_ID names no key that came after them.`);
  if (kmsKeyId !== undefined && ids.includes(kmsKeyId))
    throw new ConfigError(`${name} names the key of KMS_KEY_ID, which is no previous one.`);
  return ids;
};

/** The key of KMS that data keys are wrapped under, which in production there must be. */
const kmsKeyOf = ({ text }: Reader, table: Config['table'], production: boolean): string | undefined => {
  const kmsKeyId = text('KMS_KEY_ID');
  if (kmsKeyId !== undefined && text('AWS_REGION') === undefined)
    throw new ConfigError('KMS_KEY_ID is set, but AWS_REGION does not say where the key is.');
  if (kmsKeyId !== undefined) refuseAlias('KMS_KEY_ID', kmsKeyId);
  if (kmsKeyId !== undefined || !production) return kmsKeyId;
  throw new ConfigError(
    table.kind === 'dynamodb'
      ? 'NODE_ENV is production on DynamoDB, but KMS_KEY_ID names no key to wrap the data keys with.'
      : 'NODE_ENV is production, but the keys of the embedded table are in a file beside the data. Set AWS_REGION and KMS_KEY_ID, for DynamoDB and a key of KMS.',
  );
};

/** The configuration the environment asks for. Throws a ConfigError. */
export const readConfig = (environment: Environment): Config => {
  const read = reader(environment);
  const host = read.text('HOST') ?? '127.0.0.1';
  if (host !== 'localhost' && isIP(host) === 0)
    throw new ConfigError(`HOST is "${host}": give the address to listen at, such as 127.0.0.1 or 0.0.0.0.`);
  const nodeEnv = read.text('NODE_ENV');
  // A production that is not taken for one would offer the local sign-in.
  if (nodeEnv !== 'production' && /^prod(uction)?$/i.test(nodeEnv ?? ''))
    throw new ConfigError(`NODE_ENV is "${nodeEnv}": give production, in lower case and whole.`);
  const production = nodeEnv === 'production';
  const table = tableOf(read);
  const signIn = signInOf(read);
  const valkey = valkeyOf(read, table);
  const logLevel = logLevels.find((level) => level === (read.text('LOG_LEVEL') ?? 'info'));
  if (logLevel === undefined)
    throw new ConfigError(`LOG_LEVEL is "${read.text('LOG_LEVEL')}": give one of ${logLevels.join(', ')}.`);
  if (signIn.kind === 'embedded' && production)
    throw new ConfigError(
      'NODE_ENV is production, but nobody can sign in: the local sign-in is for development. Set COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID.',
    );
  if (signIn.kind === 'embedded' && !isLoopback(host))
    throw new ConfigError(
      `HOST is ${host}, but the local sign-in lets anybody be anyone and so listens on this machine only. Set COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID, or HOST=127.0.0.1.`,
    );
  const kmsKeyId = kmsKeyOf(read, table, production);
  return {
    host,
    port: read.whole('PORT', 3_000, 0, 65_535),
    data: read.text('PARLEY_DATA') ?? '.parley',
    demo: read.flag('PARLEY_DEMO'),
    production,
    table,
    signIn,
    ...(kmsKeyId !== undefined && { kmsKeyId }),
    kmsPreviousKeyIds: previousKmsKeysOf(read, kmsKeyId),
    ...(valkey !== undefined && { valkey }),
    rateLimits: {
      perUser: read.whole('RATE_LIMIT_PER_USER', 20, 1, 1_000_000),
      perAddress: read.whole('RATE_LIMIT_PER_ADDRESS', 200, 1, 1_000_000),
    },
    logLevel,
    erases: read.flag('PARLEY_ERASES', '1'),
    fansOut: read.flag('PARLEY_FANOUT', '1'),
    metricsPublic: read.flag('METRICS_PUBLIC'),
    proxies: read.whole('PROXIES', 0, 0, 10),
  };
};
