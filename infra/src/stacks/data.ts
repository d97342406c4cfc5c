/** The two tables from the one schema (TABLE-1), and their backups. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { keysSchema, mainSchema, primaryKey, type TableSchema } from '../../../src/table/schema.ts';
import type { Config } from '../config.ts';
import { keyAliases, keysTableName } from '../names.ts';
import { tablePolicy } from '../policies/table.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { documentOf, parleyStack } from './stack.ts';

export interface Data {
  readonly stack: Stack;
  readonly main: dynamodb.TableV2;
  readonly keys: dynamodb.TableV2;
}

/** A daily backup is kept for at least two days, so that there is always one. */
const backupDays = (schema: TableSchema): number => Math.max(2, schema.recoveryDays);

const text = (name: string): dynamodb.Attribute => ({ name, type: dynamodb.AttributeType.STRING });

export function dataStack(scope: Construct, config: Config, keys: Keys, network: Network): Data {
  const place = { account: config.workloadAccount, region: config.region };
  const stack = parleyStack(scope, 'ParleyData', place, 'Parley: tables and backups');
  const table = (id: string, name: string, schema: TableSchema) =>
    tableOf(stack, id, name, schema, config, keys, network);
  const main = table('Main', config.tableName, mainSchema);
  const keyTable = table('Keys', keysTableName(config), keysSchema);
  backups(stack, config, keys, main, keyTable);
  return { stack, main, keys: keyTable };
}

function tableOf(
  stack: Stack,
  id: string,
  name: string,
  schema: TableSchema,
  config: Config,
  keys: Keys,
  network: Network,
): dynamodb.TableV2 {
  const insights = {
    enabled: true,
    mode: dynamodb.ContributorInsightsMode.ACCESSED_AND_THROTTLED_KEYS,
  };
  const common = {
    deletionProtection: schema.deletionProtection,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: schema.recoveryDays },
    contributorInsightsSpecification: insights,
  };
  return new dynamodb.TableV2(stack, id, {
    ...common,
    tableName: name,
    partitionKey: text(primaryKey.partitionKey),
    sortKey: text(primaryKey.sortKey),
    globalSecondaryIndexes: Object.entries(schema.indexes).map(([indexName, index]) => ({
      indexName,
      partitionKey: text(index.partitionKey),
      sortKey: text(index.sortKey),
      projectionType: dynamodb.ProjectionType.ALL,
      maxReadRequestUnits: config.ceilings.read,
      maxWriteRequestUnits: config.ceilings.write,
    })),
    billing: dynamodb.Billing.onDemand({
      maxReadRequestUnits: config.ceilings.read,
      maxWriteRequestUnits: config.ceilings.write,
    }),
    ...(schema.ttl !== undefined && { timeToLiveAttribute: schema.ttl }),
    ...(schema.stream && { dynamoStream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES }),
    encryption: dynamodb.TableEncryptionV2.customerManagedKey(
      keys.tables,
      Object.fromEntries(
        config.replicaRegions.map((region) => [
          region,
          `arn:aws:kms:${region}:${config.workloadAccount}:${keyAliases.tables}`,
        ]),
      ),
    ),
    resourcePolicy: documentOf(tablePolicy(config, name, config.region, network.tableEndpoints)),
    replicas: config.replicaRegions.map((region) => {
      // DynamoDB takes a replica's policy only in an update after the one that makes the replica.
      const endpoints = config.replicaEndpoints?.[region];
      return {
        ...common,
        region,
        ...(endpoints && { resourcePolicy: documentOf(tablePolicy(config, name, region, endpoints)) }),
      };
    }),
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** Daily and monthly backups in vaults that nobody, not even the root user, can empty before their time. */
function backups(stack: Stack, _config: Config, keys: Keys, main: dynamodb.TableV2, keyTable: dynamodb.TableV2): void {
  const role = new iam.Role(stack, 'BackupRole', {
    roleName: 'parley-backup',
    assumedBy: new iam.ServicePrincipal('backup.amazonaws.com'),
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSBackupServiceRolePolicyForBackup')],
  });
  const vault = (id: string, name: string, minDays: number, maxDays: number) =>
    new backup.BackupVault(stack, id, {
      backupVaultName: name,
      encryptionKey: keys.tables,
      lockConfiguration: {
        minRetention: Duration.days(minDays),
        maxRetention: Duration.days(maxDays),
        // After three days the lock itself cannot be taken off: deploy, check, then it is final.
        changeableFor: Duration.days(3),
      },
      blockRecoveryPointDeletion: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  const daily = (id: string, to: backup.BackupVault, table: dynamodb.TableV2, days: number) => {
    const plan = new backup.BackupPlan(stack, id, { backupVault: to });
    plan.addRule(
      new backup.BackupPlanRule({
        ruleName: 'daily',
        scheduleExpression: events.Schedule.cron({ hour: '3', minute: '0' }),
        startWindow: Duration.hours(1),
        completionWindow: Duration.hours(8),
        deleteAfter: Duration.days(days),
      }),
    );
    plan.addSelection('Table', { role, resources: [backup.BackupResource.fromDynamoDbTable(table)] });
  };
  const mainDays = backupDays(mainSchema);
  const keysDays = backupDays(keysSchema);
  daily('MainPlan', vault('MainVault', 'parley', 7, mainDays), main, mainDays);
  daily('KeysPlan', vault('KeysVault', 'parley-keys', 1, keysDays), keyTable, keysDays);
}
