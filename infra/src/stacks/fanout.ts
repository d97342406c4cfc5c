/** The fan-out: a function behind the main table's stream that keeps every participant's inbox current (pattern D). */
import { Duration, type Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { streamFilters } from '../../../src/store/stream-filters.ts';
import type { Config } from '../config.ts';
import { type Caches, letIn, valkeyPort } from './cache.ts';
import type { Data } from './data.ts';
import { functionOf } from './function.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { deadLetterName, functionNames, type Roles } from './roles.ts';
import { parleyStack } from './stack.ts';

export interface Fanout {
  readonly stack: Stack;
  readonly handler: lambda.Function;
  readonly deadLetters: sqs.Queue;
}

/** Records a call gets at most; more coalesce better, and a thousand updates fit well into the timeout. */
const batchSize = 500;
/** Seconds to gather a batch for; also the most that an inbox lags because of it. */
const windowSeconds = 1;
/** Batches of one shard at work at once; records of one partition key stay in order. */
const parallelization = 10;
const functionsMax = 200;
/**
 * Retries of what fails. An outage of the table, or a right that is missing, must be outlasted, not sent to the queue record by
 * record: an attempt against a table that is away lasts five seconds, so that this many outlast seven hours, and `ageMax` ends
 * them in any case. A record that can never be applied stands alone after some halvings; until it is set aside it holds up a
 * tenth of its shard, which the alarms on errors and on the iterator's age say.
 */
const attemptsMax = 5_000;
/** The stream forgets after 24 hours; what is older than this is told to the queue while it can still be read. */
const ageMax = Duration.hours(23);

export function fanoutStack(
  scope: Construct,
  config: Config,
  use: {
    readonly caches: Caches;
    readonly data: Data;
    readonly keys: Keys;
    readonly network: Network;
    readonly roles: Roles;
    readonly code: string;
  },
): Fanout {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyFanout', place, 'Parley: fan-out from the stream');
  const deadLetters = new sqs.Queue(stack, 'DeadLetters', {
    queueName: deadLetterName,
    encryption: sqs.QueueEncryption.KMS,
    encryptionMasterKey: use.keys.logs,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  const { handler, group } = functionOf(stack, 'Fanout', {
    name: functionNames.fanout,
    description: 'Applies new entries of conversations to the inboxes of their participants',
    code: use.code,
    role: use.roles.fanout,
    network: use.network,
    logsKey: use.keys.logs,
    environment: {
      DYNAMODB_TABLE: config.tableName,
      NODE_ENV: 'production',
      // What it does to the rows it says on the bus, in ciphertext, for the streams that are open at the service.
      ...use.caches.valkeyEnvironment('fanout'),
    },
    timeout: Duration.minutes(1),
    concurrency: functionsMax,
  });
  letIn(stack, 'ValkeyFromFanout', use.caches.valkeyGroup, group, valkeyPort, 'the fan-out');
  const streamArn = config.streamArn ?? use.data.main.tableStreamArn;
  if (streamArn === undefined) throw new Error('the schema of the main table has no stream');
  new lambda.EventSourceMapping(stack, 'Stream', {
    target: handler,
    eventSourceArn: streamArn,
    startingPosition: lambda.StartingPosition.TRIM_HORIZON,
    batchSize,
    maxBatchingWindow: Duration.seconds(windowSeconds),
    parallelizationFactor: parallelization,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    retryAttempts: attemptsMax,
    maxRecordAge: ageMax,
    onFailure: new SqsDlq(deadLetters),
    filters: streamFilters.map((filter) => lambda.FilterCriteria.filter({ ...filter })),
  });
  return { stack, handler, deadLetters };
}
