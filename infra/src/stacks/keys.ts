/** The customer-managed keys of one region: for the tables, for wrapping data keys, and for logs and queues. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { keyAliases } from '../names.ts';
import { logsKeyPolicy, messagesKeyPolicy, tablesKeyPolicy } from '../policies/keys.ts';
import { documentOf, parleyStack } from './stack.ts';

export interface Keys {
  readonly stack: Stack;
  readonly tables: kms.IKey;
  /** Wraps data keys; a multi-region key, so that a replica region unwraps what the primary wrapped. */
  readonly messages: { readonly id: string; readonly arn: string };
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
  const messages = messagesKey(stack, config, region);
  return { stack, tables, messages, logs };
}

/** The wrapping key: primary in the tables' region, a replica of it elsewhere. */
function messagesKey(stack: Stack, config: Config, region: string): Keys['messages'] {
  const keyPolicy = documentOf(messagesKeyPolicy(config));
  if (region === config.region) {
    const key = new kms.Key(stack, 'MessagesKey', {
      description: 'Parley: wraps the data keys of messages',
      enableKeyRotation: true,
      multiRegion: true,
      pendingWindow: Duration.days(deletionDays),
      removalPolicy: RemovalPolicy.RETAIN,
      policy: keyPolicy,
    });
    key.addAlias(keyAliases.messages);
    return { id: key.keyId, arn: key.keyArn };
  }
  const { messagesKeyId } = config;
  const replica = new kms.CfnReplicaKey(stack, 'MessagesKey', {
    description: 'Parley: wraps the data keys of messages (replica)',
    primaryKeyArn: `arn:aws:kms:${config.region}:${config.workloadAccount}:key/${messagesKeyId}`,
    keyPolicy,
    pendingWindowInDays: deletionDays,
  });
  replica.applyRemovalPolicy(RemovalPolicy.RETAIN);
  new kms.CfnAlias(stack, 'MessagesAlias', { aliasName: keyAliases.messages, targetKeyId: replica.ref });
  return { id: replica.ref, arn: replica.attrArn };
}
