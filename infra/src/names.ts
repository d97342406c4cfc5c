/**
 * The names and ARNs that policies of different stacks must agree on. They are strings, not references: a table's policy
 * names the endpoint and the endpoint's policy names the table, which as references would be a circle.
 */
import type { Config } from './config.ts';

export const roleNames = {
  service: 'parley-service',
  fanout: 'parley-fanout',
  provision: 'parley-post-confirmation',
  lifecycle: 'parley-lifecycle',
  dax: 'parley-dax',
  reader: 'parley-signed-in-user',
} as const;

/** What starts erasures by the clock. */
export const schedulerRoleName = 'parley-scheduler';

export type RoleKey = keyof typeof roleNames;

/** KMS aliases, the same in every region, so that a replica's key has a name before it exists. */
export const keyAliases = {
  tables: 'alias/parley-tables',
  messages: 'alias/parley-messages',
  logs: 'alias/parley-logs',
} as const;

export const repositoryName = 'parley';
export const cacheName = 'parley';
/** Users of the cache. With IAM a user's id and name are the same, and a process signs in as its own. */
export const cacheUsers = {
  service: 'parley-service',
  fanout: 'parley-fanout',
  lifecycle: 'parley-lifecycle',
} as const;
export type CacheUser = keyof typeof cacheUsers;
export const daxClusterName = 'parley';
export const trailName = 'parley';

/** The name of the table of wrapped keys that belongs to a main table. */
export const keysTableName = (config: Config): string => `${config.tableName}-keys`;

export const tableArn = (config: Config, name: string, region = config.activeRegion): string =>
  `arn:aws:dynamodb:${region}:${config.workloadAccount}:table/${name}`;

/** The main table and the table of keys, in one region. */
export const tableArns = (config: Config, region = config.activeRegion): readonly [string, string] => [
  tableArn(config, config.tableName, region),
  tableArn(config, keysTableName(config), region),
];

export const roleArn = (config: Config, role: RoleKey): string =>
  `arn:aws:iam::${config.workloadAccount}:role/${roleNames[role]}`;
