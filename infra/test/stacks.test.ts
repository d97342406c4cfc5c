/** What the stacks hold, where no control speaks of it, and what the other variants change. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, describe, expect, it } from 'vitest';
import { changedMs } from '../../src/cache/local.ts';
import { readConfig } from '../../src/server/config.ts';
import { indexes, keysSchema, mainSchema, primaryKey } from '../../src/table/schema.ts';
import { bundledCode } from '../src/lambda-code.ts';
import { operationsInUse } from '../src/stacks/watch.ts';
import { readTemplates } from './support/assemblies.ts';
import { at, list, resolve, resourcesOf, type Templates } from './support/templates.ts';
import { example, type VariantName } from './support/variants.ts';

const templates = readTemplates('example');
const template = (name: string, of: Templates = templates) => Template.fromJSON(structuredClone(of[name]) as never);

describe('[TABLE-1] the tables are those of the schema', () => {
  it('has its keys, its index, its stream, its expiry', () => {
    template('ParleyData').hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      TableName: example.tableName,
      KeySchema: [
        { AttributeName: primaryKey.partitionKey, KeyType: 'HASH' },
        { AttributeName: primaryKey.sortKey, KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, index]) => ({
        IndexName,
        KeySchema: [
          { AttributeName: index.partitionKey, KeyType: 'HASH' },
          { AttributeName: index.sortKey, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      })),
      TimeToLiveSpecification: { AttributeName: mainSchema.ttl, Enabled: true },
    });
  });
  it('recovers as far back as the schema says', () => {
    const days = Object.fromEntries(
      resourcesOf(templates, 'AWS::DynamoDB::GlobalTable').map(({ Properties }) => [
        String(Properties.TableName),
        at(Properties, 'Replicas.0.PointInTimeRecoverySpecification.RecoveryPeriodInDays'),
      ]),
    );
    expect(days).toEqual({ parley: mainSchema.recoveryDays, 'parley-keys': keysSchema.recoveryDays });
  });
});

describe('the service', () => {
  const environment = (family: string): Record<string, unknown> =>
    Object.fromEntries(
      resourcesOf(templates, 'AWS::ECS::TaskDefinition')
        .filter(({ Properties }) => Properties.Family === family)
        .flatMap(({ stack, Properties }) =>
          list(at(Properties, 'ContainerDefinitions.0.Environment')).map((variable) => [
            String(at(variable, 'Name')),
            resolve(templates, stack, at(variable, 'Value') ?? ''),
          ]),
        ),
    );
  /** What only a deployment knows, as it would look, of the variables a task has. */
  const onlyOf = (task: Record<string, unknown>): Record<string, string> =>
    Object.fromEntries(
      Object.entries({
        KMS_KEY_ID: 'mrk-0123456789abcdef0123456789abcdef',
        COGNITO_USER_POOL_ID: 'eu-central-1_AbCdEf123',
        COGNITO_CLIENT_ID: '0123456789abcdefghijklmnop',
        COGNITO_DOMAIN: 'https://parley-example.auth.eu-central-1.amazoncognito.com',
        VALKEY_URL: 'rediss://parley-service@parley-abc.serverless.euc1.cache.amazonaws.com:6379',
        DAX_ENDPOINT: 'daxs://parley.abc.dax-clusters.eu-central-1.amazonaws.com',
      }).filter(([name]) => name in task),
    );
  it('is told everything the environment of the API names', () => {
    expect(environment('parley-service')).toMatchObject({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      PORT: '3000',
      AWS_REGION: example.activeRegion,
      DYNAMODB_TABLE: 'parley',
      KMS_KEY_ID: expect.any(String),
      COGNITO_USER_POOL_ID: expect.any(String),
      COGNITO_CLIENT_ID: expect.any(String),
      VALKEY_URL: expect.stringMatching(/^rediss:\/\/parley-service@/),
      DAX_ENDPOINT: expect.any(String),
      RATE_LIMIT_PER_USER: '20',
      RATE_LIMIT_PER_ADDRESS: '200',
    });
  });
  it('starts with it: the server’s own reading finds nothing wrong', () => {
    const task = environment('parley-service');
    const config = readConfig({ ...task, ...onlyOf(task) } as Record<string, string>);
    expect(config).toMatchObject({
      production: true,
      table: { kind: 'dynamodb', table: 'parley', region: 'eu-central-1' },
      signIn: { kind: 'cognito' },
      proxies: 1,
      demo: false,
      erases: false,
    });
  });
  it('gives the life-cycle task Valkey to tell the nodes by, no DAX to read from, and all that the scripts’ own reading asks for', () => {
    const task = environment('parley-lifecycle');
    expect(Object.keys(task).sort()).toEqual([
      'AWS_REGION',
      'COGNITO_CLIENT_ID',
      'COGNITO_USER_POOL_ID',
      'DYNAMODB_TABLE',
      'KMS_KEY_ID',
      'NODE_ENV',
      'VALKEY_IAM_CACHE',
      'VALKEY_URL',
    ]);
    expect(task.VALKEY_URL).toMatch(/^rediss:\/\/parley-lifecycle@/);
    const { table, valkey } = readConfig({ ...task, ...onlyOf(task) } as Record<string, string>);
    expect([table.kind, valkey?.iam?.cache]).toEqual(['dynamodb', 'parley']);
  });
});

describe('[USER-5] erasures', () => {
  it('are only noted by the service, and carried out by a task with the life-cycle role', () => {
    const of = template('ParleyService');
    of.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(15 minutes)',
      State: Match.absent(),
    });
    of.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Family: 'parley-lifecycle',
      ContainerDefinitions: [
        Match.objectLike({ Command: ['dist/cli/main.js', 'users', 'resume', '--by', 'schedule'] }),
      ],
    });
    of.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Family: 'parley-service',
      ContainerDefinitions: [
        Match.objectLike({ Environment: Match.arrayWith([{ Name: 'PARLEY_ERASES', Value: '0' }]) }),
      ],
    });
  });
});

describe('[USER-5] an erasure that fails', () => {
  const of = template('ParleyService');
  it('is told apart by the code it ended with, or by never having run', () => {
    of.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.ecs'],
        'detail-type': ['ECS Task State Change'],
        detail: Match.objectLike({
          lastStatus: ['STOPPED'],
          taskDefinitionArn: [{ prefix: Match.stringLikeRegexp('task-definition/parley-lifecycle:$') }],
          $or: [{ containers: { exitCode: [{ 'anything-but': [0] }] } }, { stopCode: ['TaskFailedToStart'] }],
        }),
      },
      Targets: [Match.objectLike({ Arn: Match.stringLikeRegexp('log-group:/aws/events/parley-erasures-failed$') })],
    });
  });
  it('is counted where the alarm looks', () => {
    of.hasResourceProperties('AWS::Logs::MetricFilter', {
      LogGroupName: '/aws/events/parley-erasures-failed',
      FilterPattern: '',
      MetricTransformations: [
        Match.objectLike({ MetricNamespace: 'Parley/Tasks', MetricName: 'ErasuresFailed', MetricValue: '1' }),
      ],
    });
    template('ParleyWatch').hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'parley-erasures-failed',
      Namespace: 'Parley/Tasks',
      MetricName: 'ErasuresFailed',
    });
  });
  it('may be written to its log by that rule only', () => {
    const [found] = resourcesOf(templates, 'AWS::Logs::ResourcePolicy', 'ParleyService');
    expect(String(found?.Properties.PolicyDocument)).toContain(':rule/parley-erasures-failed');
  });
});

describe('[SEC-5] DAX', () => {
  it('keeps no copy for as long as the service goes round it after a change, with a minute for a replica that lags', () => {
    const [found] = resourcesOf(templates, 'AWS::DAX::ParameterGroup', 'ParleyCache');
    const kept = Object.values(found?.Properties.ParameterNameValues ?? {}).map(Number);
    expect(kept).toHaveLength(2);
    expect(Math.max(...kept)).toBeLessThanOrEqual(changedMs - 60_000);
  });
});

describe('the load balancer', () => {
  it('is scaled by streams, each of which it counts twice: from the client and to the task', () => {
    template('ParleyService').hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', {
      PolicyName: 'parley-connections',
      TargetTrackingScalingPolicyConfiguration: Match.objectLike({ TargetValue: 5_000 }),
    });
  });
  it('bears five minutes without the table before tasks are replaced', () => {
    const [targets] = resourcesOf(templates, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    const { HealthCheckIntervalSeconds: every, UnhealthyThresholdCount: times } = targets?.Properties ?? {};
    expect(Number(every) * Number(times)).toBeGreaterThanOrEqual(300);
  });
  it('has its own errors watched, which no task counts', () => {
    template('ParleyWatch').hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'parley-balancer-errors',
      MetricName: 'HTTPCode_ELB_5XX_Count',
    });
  });
});

describe('the rule that functions run inside the VPC', () => {
  it('looks at those with our tag, and can be kept: what runs outside does not have it', () => {
    const [rule] = resourcesOf(templates, 'AWS::Config::ConfigRule').filter(
      ({ Properties }) => at(Properties, 'Source.SourceIdentifier') === 'LAMBDA_INSIDE_VPC',
    );
    expect(rule?.Properties.Scope).toEqual({ TagKey: 'application', TagValue: 'parley' });
    const functions = resourcesOf(templates, 'AWS::Lambda::Function').map(({ Properties }) => ({
      inside: Properties.VpcConfig !== undefined,
      tagged: list(Properties.Tags).some((tag) => at(tag, 'Key') === 'application'),
    }));
    expect(functions.filter(({ inside }) => inside).length).toBe(2);
    for (const { inside, tagged } of functions) expect(tagged).toBe(inside);
  });
});

describe('the dashboard', () => {
  it('has a row for every operation of the access patterns', () => {
    const body = JSON.stringify(
      resolve(
        templates,
        'ParleyWatch',
        at(resourcesOf(templates, 'AWS::CloudWatch::Dashboard')[0]?.Properties, 'DashboardBody') ?? '',
      ),
    );
    for (const operation of operationsInUse) expect(body).toContain(`${operation}, ms: `);
  });
});

describe('the variants', () => {
  const isolated = (of: Templates): void => {
    const gateways = resourcesOf(of, 'AWS::EC2::Route');
    for (const { Properties } of gateways) expect(JSON.stringify(Properties.RouteTableId)).toContain('edge');
  };
  it('a public load balancer brings an internet gateway for its own subnets, and no route for any other', () => {
    const wide = readTemplates('wide');
    expect(resourcesOf(wide, 'AWS::EC2::InternetGateway').map(({ stack }) => stack)).toEqual([
      'ParleyNetwork-eu-central-1',
    ]);
    expect(resourcesOf(wide, 'AWS::EC2::NatGateway')).toEqual([]);
    expect(resourcesOf(wide, 'AWS::EC2::Route').length).toBe(3);
    isolated(wide);
  });
  it('a Direct Connect stands in place of the VPN, with a gateway, its association and an interface', () => {
    const wide = readTemplates('wide');
    expect(resourcesOf(wide, 'AWS::EC2::VPNConnection')).toEqual([]);
    for (const type of ['DirectConnectGateway', 'DirectConnectGatewayAssociation', 'PrivateVirtualInterface'])
      expect(resourcesOf(wide, `AWS::DirectConnect::${type}`).length, type).toBe(2);
  });
  it('a replica has the same protections, a key of its own region, and its own policy', () => {
    const replicas = resourcesOf(readTemplates('wide'), 'AWS::DynamoDB::GlobalTable').map(({ Properties }) =>
      list(Properties.Replicas).find((replica) => at(replica, 'Region') === 'eu-west-1'),
    );
    expect(replicas.length).toBe(2);
    for (const replica of replicas) {
      expect(at(replica, 'DeletionProtectionEnabled')).toBe(true);
      expect(at(replica, 'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled')).toBe(true);
      expect(at(replica, 'SSESpecification.KMSMasterKeyId')).toBe(
        'arn:aws:kms:eu-west-1:222222222222:alias/parley-tables',
      );
      expect(JSON.stringify(at(replica, 'ResourcePolicy'))).toContain('vpce-0123456789abcdef1');
    }
  });
  it('the trail may leave out the daily work of our own roles, and nobody else’s', () => {
    const selectors = JSON.stringify(
      resourcesOf(readTemplates('wide'), 'AWS::CloudTrail::Trail')[0]?.Properties.AdvancedEventSelectors,
    );
    expect(selectors).toContain('assumed-role/parley-service/');
    expect(selectors).not.toContain('assumed-role/parley-lifecycle/');
    expect(JSON.stringify(templates.ParleyTrail)).not.toContain('NotStartsWith');
  });
  it('Config records in every region', () => {
    const stacks = resourcesOf(readTemplates('wide'), 'AWS::Config::ConfigurationRecorder').map(({ stack }) => stack);
    expect(stacks.sort()).toEqual(['ParleyCompliance-eu-central-1', 'ParleyCompliance-eu-west-1']);
  });
  it('after an evacuation the service, the fan-out and the caches are in the other region, the tables declared where they were', () => {
    const evacuated = readTemplates('evacuated');
    const regions = Object.fromEntries(Object.entries(evacuated).map(([stack, { region }]) => [stack, region]));
    expect(regions).toMatchObject({
      ParleyData: 'eu-central-1',
      ParleyService: 'eu-west-1',
      ParleyFanout: 'eu-west-1',
      ParleyCache: 'eu-west-1',
    });
    const mapping = resourcesOf(evacuated, 'AWS::Lambda::EventSourceMapping')[0];
    expect(String(mapping?.Properties.EventSourceArn)).toContain(':eu-west-1:');
  });
  it.each<VariantName>(['example', 'wide', 'evacuated'])(
    '%s: every stack is protected from deletion by name and region',
    (variant) => {
      for (const [stack, { account, region }] of Object.entries(readTemplates(variant))) {
        expect(account, stack).toMatch(/^\d{12}$/);
        expect(region, stack).toMatch(/^eu-/);
      }
    },
  );
});

describe('the account’s concurrency', () => {
  it('that docs/DEPLOY.md asks for is what functions reserve and the hundred that Lambda keeps', () => {
    const reserved = resourcesOf(templates, 'AWS::Lambda::Function').reduce(
      (sum, { Properties }) => sum + Number(Properties.ReservedConcurrentExecutions ?? 0),
      0,
    );
    const deploy = readFileSync(new URL('../../docs/DEPLOY.md', import.meta.url), 'utf8');
    expect(deploy).toContain(`at least ${reserved + 100}`);
  });
});

describe('the functions’ code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-code-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  it('[INBOX-5] the fan-out’s bundle runs by itself: a batch of nothing has no failures', async () => {
    process.env.AWS_REGION ??= example.activeRegion;
    const { handler } = (await import(join(bundledCode('fanout', folder), 'index.mjs'))) as {
      handler: (event: object, context: object) => Promise<unknown>;
    };
    const context = { getRemainingTimeInMillis: () => 60_000 };
    expect(await handler({ Records: [] }, context)).toEqual({ batchItemFailures: [] });
  });
  it('[SEC-4] the fan-out’s bundle holds no code that asks KMS for a key', () => {
    expect(readFileSync(join(bundledCode('fanout', folder), 'index.mjs'), 'utf8')).not.toContain('GenerateDataKey');
  });
  it('[USER-1] the sign-up trigger’s bundle has its handler', async () => {
    const { handler } = (await import(join(bundledCode('post-confirmation', folder), 'index.mjs'))) as {
      handler: unknown;
    };
    expect(handler).toBeTypeOf('function');
  });
});
