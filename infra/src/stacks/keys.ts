/** The customer-managed keys of one region: for the tables, for wrapping data keys, and for logs and queues. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { keyAliases } from '../names.ts';
import { logsKeyPolicy, messagesKeyPolicy, tablesKeyPolicy } from '../policies/keys.ts';
import { documentOf, parleyStack } from './stack.ts';

interface KeyNames {
  readonly id: string;
  readonly arn: string;
}

/** Multi-region keys, so that a replica region unwraps what the primary wrapped. */
export interface WrappingKeys {
  /** New data keys are wrapped under it. */
  readonly wraps: KeyNames;
  /** Others that data keys may be under: older ones, or the next. */
  readonly reads: readonly KeyNames[];
}

export interface Keys {
  readonly stack: Stack;
  readonly tables: kms.IKey;
  readonly messages: WrappingKeys;
  readonly logs: kms.IKey;
}

/** Days a scheduled deletion waits: the longest KMS allows, because what hangs on a key cannot be had back. */
const deletionDays = 30;

export const logsKeyIn = (scope: Construct, config: Config, account: string, region: string): kms.Key => {
  const key = new kms.Key(scope, 'LogsKey', {
    description: 'Parley: logs, queues, topics',
    enableKeyRotation: true,
    pendingWindow: Duration.days(deletionDays),
    removalPolicy: RemovalPolicy.RETAIN,
    policy: documentOf(logsKeyPolicy(config, account, region)),
  });
  key.addAlias(keyAliases.logs);
  return key;
};

export function keysStack(scope: Construct, config: Config, region: string): Keys {
  const account = config.workloadAccount;
  const stack = parleyStack(scope, `ParleyKeys-${region}`, { account, region }, 'Parley: customer-managed keys');
  const tables = new kms.Key(stack, 'TablesKey', {
    description: 'Parley: tables and caches at rest',
    enableKeyRotation: true,
    pendingWindow: Duration.days(deletionDays),
    removalPolicy: RemovalPolicy.RETAIN,
    policy: documentOf(tablesKeyPolicy(config, region)),
  });
  tables.addAlias(keyAliases.tables);
  const logs = logsKeyIn(stack, config, account, region);
  return { stack, tables, messages: messagesKeys(stack, config, region), logs };
}

/**
 * A wrapping key: primary in the tables' region, a replica of it elsewhere, where there is one as soon as its id is known. What they
 * are called is exported for as long as they exist: a stack that still names one could not be deployed after this one otherwise.
 */
function messagesKeys(stack: Stack, config: Config, region: string): WrappingKeys {
  const made = config.messagesKeys.flatMap(({ use, id }, index) => {
    const name = index === 0 ? '' : String(index + 1);
    const alias = index === 0 ? keyAliases.messages : `${keyAliases.messages}-${name}`;
    if (region === config.region) return [{ use, ...primary(stack, config, name, alias) }];
    return id === undefined ? [] : [{ use, ...replica(stack, config, name, alias, id) }];
  });
  for (const { id, arn } of made) for (const value of [id, arn]) stack.exportValue(value);
  const wraps = made.find(({ use }) => use === 'wrap');
  if (wraps === undefined) throw new Error(`no key of ${region} wraps`);
  return { wraps, reads: made.filter(({ use }) => use === 'read') };
}

function primary(stack: Stack, config: Config, name: string, alias: string): KeyNames {
  const key = new kms.Key(stack, `MessagesKey${name}`, {
    description: 'Parley: wraps the data keys of messages',
    enableKeyRotation: true,
    multiRegion: true,
    pendingWindow: Duration.days(deletionDays),
    removalPolicy: RemovalPolicy.RETAIN,
    policy: documentOf(messagesKeyPolicy(config)),
  });
  key.addAlias(alias);
  return { id: key.keyId, arn: key.keyArn };
}

function replica(stack: Stack, config: Config, name: string, alias: string, id: string): KeyNames {
  const key = new kms.CfnReplicaKey(stack, `MessagesKey${name}`, {
    description: 'Parley: wraps the data keys of messages (replica)',
    primaryKeyArn: `arn:aws:kms:${config.region}:${config.workloadAccount}:key/${id}`,
    keyPolicy: documentOf(messagesKeyPolicy(config)),
    pendingWindowInDays: deletionDays,
  });
  key.applyRemovalPolicy(RemovalPolicy.RETAIN);
  new kms.CfnAlias(stack, `MessagesAlias${name}`, { aliasName: alias, targetKeyId: key.ref });
  return { id: key.ref, arn: key.attrArn };
}
