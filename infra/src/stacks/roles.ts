/** The roles of everything that runs. Rights to the tables come from the lists of access patterns and from nowhere else. */
import type { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { PatternName } from '../../../src/store/catalog.ts';
import type { Config } from '../config.ts';
import { type CacheUser, cacheName, cacheUsers, daxClusterName, roleNames, tableArns } from '../names.ts';
import { wrapRights } from '../policies/keys.ts';
import { keyRights, mainRights, rightsTo } from '../policies/rights.ts';
import type { Statement } from '../policies/statement.ts';
import { daxRights, streamArns, streamRights } from '../policies/table.ts';
import type { Keys } from './keys.ts';
import { parleyStack, roleWith, serviceOf } from './stack.ts';

export interface Roles {
  readonly stack: Stack;
  readonly service: iam.IRole;
  readonly fanout: iam.IRole;
  readonly provision: iam.IRole;
  readonly lifecycle: iam.IRole;
  readonly dax: iam.IRole;
}

export const functionNames = { fanout: 'parley-fanout', provision: 'parley-post-confirmation' } as const;
export const deadLetterName = 'parley-fanout-dead-letters';

/** What the post-confirmation trigger does to the table: provision one user, once (USER-1). */
const provisioning: readonly PatternName[] = [
  'createProfile',
  'getProfile',
  'claimHandle',
  'getHandle',
  'releaseHandle',
  'putDirectoryEntry',
];

export function rolesStack(scope: Construct, config: Config, keys: Keys): Roles {
  const account = config.workloadAccount;
  const region = config.activeRegion;
  const stack = parleyStack(scope, 'ParleyRoles', { account, region }, 'Parley: roles');
  const [main, keyTable] = tableArns(config);
  const tasks = serviceOf('ecs-tasks.amazonaws.com', account);
  const lambda = new iam.ServicePrincipal('lambda.amazonaws.com');
  const wrapping = [keys.messages.wraps, ...keys.messages.reads].map(({ arn }) => arn);

  const service = roleWith(stack, 'Service', roleNames.service, tasks, [
    ...mainRights('service', main),
    ...keyRights('service', keyTable),
    wrapRights(config, 'service', wrapping),
    daxReading(config),
    signingInToTheCache(config, 'service'),
  ]);
  const fanout = roleWith(stack, 'Fanout', roleNames.fanout, lambda, [
    ...mainRights('fanout', main),
    ...streamRights(streamArns(config)),
    ...functionRights(config, functionNames.fanout, keys.logs.keyArn),
    signingInToTheCache(config, 'fanout'),
    {
      Sid: 'DeadLetters',
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Resource: `arn:aws:sqs:${region}:${account}:${deadLetterName}`,
    },
    // A queue under our own key is sent to with it.
    {
      Sid: 'DeadLettersKey',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keys.logs.keyArn,
    },
  ]);
  const provision = roleWith(stack, 'Provision', roleNames.provision, lambda, [
    ...rightsTo(provisioning, main),
    ...functionRights(config, functionNames.provision, keys.logs.keyArn),
  ]);
  const lifecycle = roleWith(stack, 'Lifecycle', roleNames.lifecycle, tasks, [
    ...mainRights('lifecycle', main),
    ...keyRights('lifecycle', keyTable),
    wrapRights(config, 'lifecycle', wrapping),
    signingInToTheCache(config, 'lifecycle'),
  ]);
  const dax = roleWith(stack, 'Dax', roleNames.dax, new iam.ServicePrincipal('dax.amazonaws.com'), daxRights(config));
  return { stack, service, fanout, provision, lifecycle, dax };
}

/** Reading through DAX. */
function daxReading({ activeRegion: region, workloadAccount: account }: Config): Statement {
  return {
    Sid: 'ReadThroughDax',
    Effect: 'Allow',
    Action: ['dax:BatchGetItem', 'dax:GetItem', 'dax:Query'],
    Resource: `arn:aws:dax:${region}:${account}:cache/${daxClusterName}`,
  };
}

/** Signing in to Valkey as one user of the cache, and as no other. */
function signingInToTheCache({ activeRegion: region, workloadAccount: account }: Config, user: CacheUser): Statement {
  return {
    Sid: 'ConnectToTheCache',
    Effect: 'Allow',
    Action: 'elasticache:Connect',
    Resource: [
      `arn:aws:elasticache:${region}:${account}:serverlesscache:${cacheName}`,
      `arn:aws:elasticache:${region}:${account}:user:${cacheUsers[user]}`,
    ],
  };
}

/** What Lambda itself needs to run a function inside a VPC: its log, its trace, its network interfaces. */
function functionRights(config: Config, name: string, logsKeyArn: string): Statement[] {
  const { activeRegion: region, workloadAccount: account } = config;
  const interfaces = [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ];
  return [
    {
      Sid: 'OwnLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `arn:aws:logs:${region}:${account}:log-group:/parley/${name}:*`,
    },
    { Sid: 'OwnTrace', Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
    { Sid: 'OwnVariables', Effect: 'Allow', Action: 'kms:Decrypt', Resource: logsKeyArn },
    { Sid: 'NetworkInterfaces', Effect: 'Allow', Action: interfaces, Resource: '*' },
    // The interfaces are Lambda's to make; the function's own code may not (AWS's recommendation for functions in a VPC).
    {
      Sid: 'NotFromTheCode',
      Effect: 'Deny',
      Action: interfaces,
      Resource: '*',
      Condition: {
        ArnEquals: { 'lambda:SourceFunctionArn': `arn:aws:lambda:${region}:${account}:function:${name}` },
      },
    },
  ];
}
