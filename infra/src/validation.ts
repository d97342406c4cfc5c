/** What every synthesis must pass: CloudFormation's validator, our own rules, cdk-nag's packs; and each finding that is accepted. */
import { readFileSync } from 'node:fs';
import { type App, CloudFormationValidatePlugin, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks, ServerlessChecks } from 'cdk-nag';
import type { Config } from './config.ts';
import { functionNames } from './stacks/roles.ts';

const tableRules = new URL('../rules/tables.guard', import.meta.url);

/** The validator that comes with the CDK, and with it our rules for the type of table that no published rule looks at. */
export const validator = (): CloudFormationValidatePlugin =>
  new CloudFormationValidatePlugin({
    guardRules: [{ name: 'tables.guard', content: readFileSync(tableRules, 'utf8') }],
  });

/** Everything a synthesis is held to. */
export const packs = (app: App): IPolicyValidationPlugin[] => [
  validator(),
  new AwsSolutionsChecks(app),
  new HIPAASecurityChecks(app),
  new NIST80053R5Checks(app),
  new PCIDSS321Checks(app),
  new ServerlessChecks(app),
];

export interface Accepted {
  /** Construct paths from the app down; the finding is accepted there and below. */
  readonly paths: readonly string[];
  readonly rules: readonly string[];
  readonly reason: string;
}

/** Every finding that is accepted. A test holds that none is here that no longer occurs. */
export function acceptedFindings(config: Config): Accepted[] {
  const { region, activeRegion, workloadAccount, tableName } = config;
  const regions = [region, ...config.replicaRegions];
  const log = (name: string) =>
    `AwsSolutions-IAM5[Resource::arn:aws:logs:${activeRegion}:${workloadAccount}:log-group:/parley/${name}:*]`;
  const inPacks = (rule: string) => [`HIPAA.Security-${rule}`, `NIST.800.53.R5-${rule}`, `PCI.DSS.321-${rule}`];
  const histories = regions.map((name) => `ParleyCompliance-${name}/History`);
  const accessLogs = ['ParleyService/AccessLogs', 'ParleyTrail/AccessLogs'];
  return [
    {
      paths: ['ParleyService/ServiceTask', 'ParleyService/LifecycleTask'],
      rules: ['AwsSolutions-ECS2'],
      reason: 'The variables hold names and addresses, no secrets; what is secret comes from roles and KMS.',
    },
    {
      paths: ['ParleyData/BackupRole'],
      rules: [
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]',
      ],
      reason: 'AWS Backup keeps this policy in step with what its own service needs.',
    },
    {
      paths: ['ParleyRoles/FanoutRights', 'ParleyRoles/ProvisionRights', 'ParleyService/ExecutionRights'],
      rules: ['AwsSolutions-IAM5[Resource::*]'],
      reason:
        'dynamodb:ListStreams, ecr:GetAuthorizationToken, X-Ray and the network interfaces of Lambda have no narrower resource.',
    },
    {
      paths: ['ParleyRoles/FanoutRights'],
      rules: [
        `AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${activeRegion}:${workloadAccount}:table/${tableName}/stream/*]`,
      ],
      reason: "A stream's name is the time it was made at; there is one stream of the table.",
    },
    {
      paths: ['ParleyRoles/FanoutRights', 'ParleyRoles/ProvisionRights', 'ParleyService/ExecutionRights'],
      rules: [log(functionNames.fanout), log(functionNames.provision), log('service')],
      reason: 'The streams of one log group, which are named by whoever writes them.',
    },
    ...regions.map((name) => ({
      paths: [`ParleyNetwork-${name}/FlowLogsRoleRights`],
      rules: [`AwsSolutions-IAM5[Resource::arn:aws:logs:${name}:${workloadAccount}:log-group:/parley/flow-logs:*]`],
      reason: 'The streams of one log group, which are named by whoever writes them.',
    })),
    {
      paths: ['ParleyTrail/LogRoleRights'],
      rules: [
        `AwsSolutions-IAM5[Resource::arn:aws:logs:${region}:${config.auditAccount}:log-group:/parley/trail:log-stream:*]`,
      ],
      reason: 'The streams of one log group, which are named by whoever writes them.',
    },
    {
      paths: [...histories, 'ParleyService/AccessLogs'],
      rules: ['AwsSolutions-S1', ...inPacks('S3BucketLoggingEnabled')],
      reason:
        'Buckets of logs: reads of them are data events of the organization’s trail to turn on where the law asks for it.',
    },
    {
      paths: [...histories, ...accessLogs, 'ParleyTrail/Files'],
      rules: inPacks('S3BucketReplicationEnabled'),
      reason:
        'Records of what happened, versioned and kept; the data itself is in DynamoDB, which is replicated on request.',
    },
    {
      paths: accessLogs,
      rules: inPacks('S3DefaultEncryptionKMS'),
      reason: 'Load balancers and S3 deliver logs only to buckets with Amazon’s own encryption.',
    },
    {
      paths: ['ParleyIdentity/PostConfirmation', 'ParleyFanout/Fanout'],
      rules: ['HIPAA.Security-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ'],
      reason:
        'Cognito waits for the trigger and sees its failure; failed batches go to the queue of the event source mapping.',
    },
    {
      paths: ['ParleyFanout/DeadLetters'],
      rules: ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy'],
      reason: 'This queue is the one for dead letters.',
    },
    {
      paths: ['ParleyService/ErasuresFailed', 'ParleyService/TasksStopped'],
      rules: ['Serverless-EventBusDLQ'],
      reason: 'An event that its log does not take is followed by the next, while tasks fail.',
    },
    {
      paths: ['ParleyWatch/Alarms', 'ParleyTrail/Alarms'],
      rules: ['Serverless-SNSRedrivePolicy'],
      reason: 'Mail has no delivery to retry from a queue; alarms stay visible in CloudWatch until they are over.',
    },
    ...(config.exposure === 'public' ? onlyPublic(activeRegion) : []),
    {
      paths: ['ParleyCache/Dax'],
      rules: ['CloudFormation-Validate::W3010'],
      reason: 'The configuration says which three zones; a look-up at synthesis would need an account.',
    },
  ];
}

/** What a public load balancer brings with it, and a private one does not have. */
const onlyPublic = (region: string): Accepted[] => [
  {
    paths: [`ParleyNetwork-${region}/Vpc`],
    rules: ['HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'].map((pack) => `${pack}-VPCNoUnrestrictedRouteToIGW`),
    reason: 'The configuration asks for a public load balancer; its subnets alone have the route.',
  },
  {
    paths: ['ParleyService/BalancerGroup'],
    rules: ['AwsSolutions-EC23'],
    reason: 'The configuration asks for a public load balancer, on its TLS port alone.',
  },
];

/** Tells the app what is accepted; a path that is not there fails, so that no exemption outlives its reason. */
export function acknowledge(app: App, config: Config): void {
  for (const { paths, rules, reason } of acceptedFindings(config))
    for (const path of paths) {
      const construct = path
        .split('/')
        .reduce<App['node']['root'] | undefined>((at, id) => at?.node.tryFindChild(id), app);
      if (construct === undefined) throw new Error(`a finding is accepted at ${path}, where nothing is`);
      Validations.of(construct).acknowledge(...rules.map((id) => ({ id, reason })));
    }
}
