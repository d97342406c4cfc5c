/** Controls of what runs: the function, the tasks, the image. */
import { at, type Json, list } from '../support/templates.ts';
import { type Control, none, property } from './control.ts';

const lambda = 'AWS::Lambda::Function';
const ours = ({ Properties }: { readonly Properties: { readonly [name: string]: Json } }) =>
  String(Properties.FunctionName ?? '').startsWith('parley-');
const mapping = 'AWS::Lambda::EventSourceMapping';
const task = 'AWS::ECS::TaskDefinition';

/** All containers of a task definition hold to it. */
const containers = (says: string, holds: (container: Json) => boolean) => ({
  says: `every container: ${says}`,
  holds: (value: Json | undefined) => list(value).length > 0 && list(value).every(holds),
});

const brokenContainer = [
  {
    Name: 'parley',
    Image: 'parley:latest',
    User: 'root',
    Privileged: true,
    Environment: [{ Name: 'SECRET', Value: 'x' }],
  },
];

export const computeControls: readonly Control[] = [
  none({ ids: ['Lambda.1'], practice: 'No function can be called over a public address' }, ['AWS::Lambda::Url']),
  property({
    ids: ['Lambda.1'],
    practice: 'Functions are callable by Cognito and by nobody else',
    type: 'AWS::Lambda::Permission',
    path: 'Principal',
    is: 'cognito-idp.amazonaws.com',
    broken: '*',
  }),
  property({
    ids: ['Lambda.2'],
    practice: 'Functions run on the newest runtime',
    type: lambda,
    which: 'ours',
    where: ours,
    count: 2,
    path: 'Runtime',
    is: 'nodejs24.x',
    broken: 'nodejs18.x',
  }),
  property({
    ids: ['Lambda.3', 'Lambda.5'],
    practice: 'Functions run inside the VPC, in three zones',
    type: lambda,
    which: 'ours',
    where: ours,
    count: 2,
    path: 'VpcConfig.SubnetIds',
    is: { says: 'three subnets', holds: (value) => list(value).length === 3 },
    broken: undefined,
  }),
  property({
    ids: ['Lambda.6'],
    practice: 'Functions are tagged',
    type: lambda,
    which: 'ours',
    where: ours,
    count: 2,
    path: 'Tags',
    is: { says: 'the tag `application`', holds: (value) => JSON.stringify(value ?? '').includes('"application"') },
    broken: undefined,
  }),
  property({
    ids: ['Lambda.7'],
    practice: 'Functions are traced',
    type: lambda,
    which: 'ours',
    where: ours,
    count: 2,
    path: 'TracingConfig.Mode',
    is: 'Active',
    broken: 'PassThrough',
  }),
  property({
    ids: ['Parley'],
    practice: 'Functions cannot take all of the account’s concurrency',
    type: lambda,
    which: 'ours',
    where: ours,
    count: 2,
    path: 'ReservedConcurrentExecutions',
    is: { says: 'a number', holds: (value) => typeof value === 'number' && value > 0 },
    broken: undefined,
  }),
  property({
    ids: ['INBOX-5'],
    practice: 'The fan-out reports which records of a batch failed',
    type: mapping,
    path: 'FunctionResponseTypes',
    is: ['ReportBatchItemFailures'],
    broken: [],
  }),
  property({
    ids: ['INBOX-5'],
    practice: 'A batch of which nothing can be applied is halved until the record that fails stands alone',
    type: mapping,
    path: 'BisectBatchOnFunctionError',
    is: true,
    broken: false,
  }),
  property({
    ids: ['INBOX-4'],
    practice: 'Batches wait a second, so that a burst coalesces',
    type: mapping,
    path: 'MaximumBatchingWindowInSeconds',
    is: 1,
    broken: 0,
  }),
  property({
    ids: ['INBOX-3'],
    practice: 'The fan-out is woken for entries and renames, never for its own updates',
    type: mapping,
    path: 'FilterCriteria.Filters',
    is: {
      says: 'two filters: `MSG#` and changed `PROFILE`',
      holds: (value) =>
        list(value).length === 2 &&
        String(at(list(value)[0], 'Pattern')).includes('MSG#') &&
        String(at(list(value)[1], 'Pattern')).includes('PROFILE'),
    },
    broken: undefined,
  }),
  property({
    ids: ['INBOX-5'],
    practice: 'What the fan-out cannot apply goes to a queue, not away',
    type: mapping,
    path: 'DestinationConfig.OnFailure.Destination',
    is: { says: 'the queue `parley-fanout-dead-letters`', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  property({
    ids: ['INBOX-5'],
    practice: 'An outage of hours is outlasted, not sent to the queue',
    type: mapping,
    path: 'MaximumRetryAttempts',
    is: { says: 'at least 1,000', holds: (value) => Number(value) >= 1_000 },
    broken: 10,
  }),
  property({
    ids: ['Parley'],
    practice: 'Retries end before the stream does',
    type: mapping,
    path: 'MaximumRecordAgeInSeconds',
    is: { says: 'less than 24 hours', holds: (value) => Number(value) > 0 && Number(value) < 86_400 },
    broken: -1,
  }),
  property({
    ids: ['SQS.1'],
    practice: 'The queue is encrypted with our own key',
    type: 'AWS::SQS::Queue',
    path: 'KmsMasterKeyId',
    is: { says: 'our own key', holds: (value) => typeof value === 'object' },
    broken: undefined,
  }),
  property({
    ids: ['ECS.2'],
    practice: 'Tasks have no public address',
    type: 'AWS::ECS::Service',
    path: 'NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp',
    is: 'DISABLED',
    broken: 'ENABLED',
  }),
  property({
    ids: ['Parley'],
    practice: 'Nobody opens a shell in a task',
    type: 'AWS::ECS::Service',
    path: 'EnableExecuteCommand',
    is: false,
    broken: true,
  }),
  property({
    ids: ['ECS.5'],
    practice: 'The root file system is read-only',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers('`ReadonlyRootFilesystem`', (container) => at(container, 'ReadonlyRootFilesystem') === true),
    broken: brokenContainer,
  }),
  property({
    ids: ['ECS.4', 'ECS.20'],
    practice: 'Containers are neither root nor privileged, and hold no capability',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers(
      'user 65532, not privileged, all capabilities dropped',
      (container) =>
        at(container, 'User') === '65532:65532' &&
        at(container, 'Privileged') !== true &&
        JSON.stringify(at(container, 'LinuxParameters.Capabilities.Drop')) === '["ALL"]',
    ),
    broken: brokenContainer,
  }),
  property({
    ids: ['ECS.8'],
    practice: 'No secret stands in a variable',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers('no variable is named for a secret, a password, a token or an access key', (container) =>
      list(at(container, 'Environment')).every(
        (variable) => !/SECRET|PASSWORD|TOKEN|ACCESS_KEY/.test(String(at(variable, 'Name'))),
      ),
    ),
    broken: brokenContainer,
  }),
  property({
    ids: ['Course', 'SEC-2'],
    practice: 'Messages are encrypted by the service, before DynamoDB has them',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers(
      '`KMS_KEY_ID` names the wrapping key (without it the service does not start in production)',
      (container) =>
        list(at(container, 'Environment')).some(
          (variable) => at(variable, 'Name') === 'KMS_KEY_ID' && at(variable, 'Value') !== undefined,
        ),
    ),
    broken: brokenContainer,
  }),
  property({
    ids: ['Parley'],
    practice: 'The image is pinned by its digest',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers('an image `…@sha256:…`', (container) =>
      /@sha256:[0-9a-f]{64}/.test(JSON.stringify(at(container, 'Image'))),
    ),
    broken: brokenContainer,
  }),
  property({
    ids: ['ECS.9'],
    practice: 'Containers log',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers('`awslogs`', (container) => at(container, 'LogConfiguration.LogDriver') === 'awslogs'),
    broken: brokenContainer,
  }),
  property({
    ids: ['Parley'],
    practice: 'A stop is waited for: longer than the ten seconds the service takes',
    type: task,
    count: 2,
    path: 'ContainerDefinitions',
    is: containers('`StopTimeout` of 30', (container) => Number(at(container, 'StopTimeout')) >= 20),
    broken: brokenContainer,
  }),
  property({
    ids: ['Parley'],
    practice: 'The service’s process is probed where it says it lives',
    type: task,
    which: 'the service',
    where: ({ Properties }) => Properties.Family === 'parley-service',
    path: 'ContainerDefinitions',
    is: containers('`/healthz`', (container) =>
      JSON.stringify(at(container, 'HealthCheck') ?? '').includes('/healthz'),
    ),
    broken: brokenContainer,
  }),
  property({
    ids: ['Parley'],
    practice: 'The load balancer asks for readiness',
    type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    path: 'HealthCheckPath',
    is: '/readyz',
    broken: '/',
  }),
  property({
    ids: ['ECS.12'],
    practice: 'The cluster is watched',
    type: 'AWS::ECS::Cluster',
    path: 'ClusterSettings',
    is: [{ Name: 'containerInsights', Value: 'enhanced' }],
    broken: [],
  }),
  property({
    ids: ['Parley'],
    practice: 'The service scales on CPU and on open connections',
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    count: 2,
    path: 'PolicyType',
    is: 'TargetTrackingScaling',
    broken: 'StepScaling',
  }),
  property({
    ids: ['Parley'],
    practice: 'Connections are counted for each task',
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    which: 'on connections',
    where: ({ Properties }) => Properties.PolicyName === 'parley-connections',
    path: 'TargetTrackingScalingPolicyConfiguration.CustomizedMetricSpecification.Metrics.2.Expression',
    is: 'connections / tasks',
    broken: 'connections',
  }),
  property({
    ids: ['ECR.1'],
    practice: 'Images are scanned when pushed',
    type: 'AWS::ECR::Repository',
    path: 'ImageScanningConfiguration.ScanOnPush',
    is: true,
    broken: false,
  }),
  property({
    ids: ['ECR.2'],
    practice: 'An image’s tag never moves',
    type: 'AWS::ECR::Repository',
    path: 'ImageTagMutability',
    is: 'IMMUTABLE',
    broken: 'MUTABLE',
  }),
  property({
    ids: ['ECR.3'],
    practice: 'Old images go',
    type: 'AWS::ECR::Repository',
    path: 'LifecyclePolicy',
    is: { says: 'a policy', holds: (value) => value !== undefined },
    broken: undefined,
  }),
];
