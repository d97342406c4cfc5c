/**
 * What should not happen, as filters on the trail's events. Each is an alarm in the audit account; the names are the headings
 * of `docs/RUNBOOK.md`. A filter pattern is at most 1,024 characters long.
 */
import type { Config } from '../config.ts';
import { roleArn, schedulerRoleName } from '../names.ts';

export interface SecurityAlarm {
  readonly name: string;
  /** CloudWatch Logs' filter language, on CloudTrail's JSON. */
  readonly pattern: string;
  /** Events in five minutes. */
  readonly threshold: number;
}

const anyOf = (field: string, values: readonly string[]): string =>
  `(${values.map((value) => `($.${field} = "${value}")`).join(' || ')})`;

const event = (source: string, names: readonly string[]): string =>
  `{ ($.eventSource = "${source}.amazonaws.com") && ${anyOf('eventName', names)} }`;

export function securityAlarms(config: Config): SecurityAlarm[] {
  // Of a session of a role; users and the root user have none, and a comparison with what is not there is never true.
  const issuer = '$.userIdentity.sessionContext.sessionIssuer.arn';
  const known = (['service', 'fanout', 'provision', 'lifecycle', 'dax', 'reader'] as const)
    .map((role) => `(${issuer} != "${roleArn(config, role)}")`)
    .join(' && ');
  const dynamo = '($.eventSource = "dynamodb.amazonaws.com")';
  return [
    {
      name: 'parley-security-table-deleted',
      pattern: event('dynamodb', ['DeleteTable', 'DeleteTableReplica', 'DeleteBackup']),
      threshold: 1,
    },
    {
      name: 'parley-security-protection-disabled',
      pattern: `{ ${dynamo} && (($.requestParameters.deletionProtectionEnabled IS FALSE) || ($.requestParameters.pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled IS FALSE) || ($.requestParameters.sSESpecification.enabled IS FALSE) || ($.eventName = "DeleteResourcePolicy") || ($.eventName = "PutResourcePolicy")) }`,
      threshold: 1,
    },
    {
      name: 'parley-security-export',
      pattern: event('dynamodb', [
        'ExportTableToPointInTime',
        'CreateBackup',
        'RestoreTableFromBackup',
        'RestoreTableToPointInTime',
        'EnableKinesisStreamingDestination',
      ]),
      threshold: 1,
    },
    {
      name: 'parley-security-unusual-scan',
      pattern: `{ ${dynamo} && ${anyOf('eventName', ['Scan', 'ExecuteStatement', 'BatchExecuteStatement'])} }`,
      threshold: 1,
    },
    {
      name: 'parley-security-unusual-principal',
      pattern: `{ ${dynamo} && ($.eventCategory = "Data") && ($.userIdentity.type != "AWSService") && ((${issuer} NOT EXISTS) || (${known})) }`,
      threshold: 1,
    },
    {
      name: 'parley-security-denied-burst',
      pattern: '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }',
      threshold: 20,
    },
    {
      // Lambda reads the stream for the fan-out, in its role and from Lambda's own network, several times a second.
      name: 'parley-security-endpoint-skipped',
      pattern: `{ ${dynamo} && ($.eventCategory = "Data") && ($.vpcEndpointId NOT EXISTS) && ($.userIdentity.type != "AWSService") && ((${issuer} NOT EXISTS) || ((${issuer} != "${roleArn(config, 'dax')}") && (${issuer} != "*AWSServiceRoleForDynamoDBReplication") && ((${issuer} != "${roleArn(config, 'fanout')}") || (($.eventName != "GetRecords") && ($.eventName != "GetShardIterator"))))) }`,
      threshold: 1,
    },
    {
      name: 'parley-security-key-disabled',
      pattern: event('kms', [
        'DisableKey',
        'ScheduleKeyDeletion',
        'PutKeyPolicy',
        'DisableKeyRotation',
        'ReplicateKey',
        'UpdatePrimaryRegion',
      ]),
      threshold: 1,
    },
    {
      name: 'parley-security-watch-disabled',
      pattern: `{ ${anyOf('eventName', ['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'DeleteConfigRule', 'DeleteFlowLogs', 'DeleteAlarms', 'DisableAlarmActions', 'DeleteLogGroup', 'DeleteLogStream', 'DeleteMetricFilter', 'DisableRule', 'DeleteRule', 'Unsubscribe'])} }`,
      threshold: 1,
    },
    {
      name: 'parley-security-network-changed',
      pattern: event('ec2', [
        'CreateInternetGateway',
        'AttachInternetGateway',
        'CreateNatGateway',
        'CreateRoute',
        'ReplaceRoute',
        'ModifyVpcEndpoint',
        'DeleteVpcEndpoints',
        'CreateVpcPeeringConnection',
        'AcceptVpcPeeringConnection',
        'AuthorizeSecurityGroupIngress',
      ]),
      threshold: 1,
    },
    {
      // What an override has the task run may be anything, under a role that may unwrap keys.
      name: 'parley-security-task-run',
      pattern: `{ ($.eventSource = "ecs.amazonaws.com") && ${anyOf('eventName', ['RunTask', 'StartTask', 'ExecuteCommand'])} && ((${issuer} NOT EXISTS) || (${issuer} != "arn:aws:iam::${config.workloadAccount}:role/${schedulerRoleName}")) }`,
      threshold: 1,
    },
    {
      name: 'parley-security-identity-changed',
      pattern: event('iam', [
        'CreateUser',
        'CreateAccessKey',
        'CreateLoginProfile',
        'CreateRole',
        'AttachRolePolicy',
        'DetachRolePolicy',
        'PutRolePolicy',
        'DeleteRolePolicy',
        'CreatePolicyVersion',
        'SetDefaultPolicyVersion',
        'UpdateAssumeRolePolicy',
      ]),
      threshold: 1,
    },
    {
      name: 'parley-security-root-used',
      pattern:
        '{ ($.userIdentity.type = "Root") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != "AwsServiceEvent") }',
      threshold: 1,
    },
    {
      name: 'parley-security-policies-changed',
      pattern: event('organizations', [
        'DetachPolicy',
        'DeletePolicy',
        'UpdatePolicy',
        'DisablePolicyType',
        'LeaveOrganization',
        'RemoveAccountFromOrganization',
      ]),
      threshold: 1,
    },
  ];
}
