/** The policies of the VPC endpoints: our tables, our keys, our organization's principals, and nothing else. */
import type { Config } from '../config.ts';
import { repositoryName, tableArns } from '../names.ts';
import { type Policy, policy, type Statement } from './statement.ts';
import { dataActions } from './table.ts';

/**
 * An endpoint's policy needs `*` as principal (a named role does not match there); the organization is the condition.
 * `aws:ResourceOrgID` stops a stolen session of another account's table from leaving through the endpoint.
 */
const forOurs = (
  config: Config,
  sid: string,
  actions: readonly string[],
  resources: string | readonly string[],
): Statement => ({
  Sid: sid,
  Effect: 'Allow',
  Principal: '*',
  Action: actions,
  Resource: resources,
  Condition: {
    StringEquals: { 'aws:PrincipalOrgID': config.organization.id, 'aws:ResourceOrgID': config.organization.id },
  },
});

/** For the gateway and the interface endpoint of DynamoDB alike. */
export const tableEndpointPolicy = (config: Config, region: string): Policy =>
  policy(
    forOurs(
      config,
      'OurTables',
      [...dataActions, 'dynamodb:DescribeTable'],
      tableArns(config, region).flatMap((arn) => [arn, `${arn}/index/*`]),
    ),
    // The SDK finds its endpoint with this before anything else; it names no table.
    {
      Sid: 'FindTheEndpoint',
      Effect: 'Allow',
      Principal: '*',
      Action: ['dynamodb:DescribeEndpoints'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalOrgID': config.organization.id } },
    },
  );

export const streamEndpointPolicy = (config: Config, region: string): Policy =>
  policy(
    forOurs(
      config,
      'OurStream',
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      `${tableArns(config, region)[0]}/stream/*`,
    ),
  );

export const kmsEndpointPolicy = (config: Config, region: string): Policy =>
  policy(
    forOurs(
      config,
      'OurKeys',
      ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      `arn:aws:kms:${region}:${config.workloadAccount}:key/*`,
    ),
  );

export const logsEndpointPolicy = (config: Config, region: string): Policy =>
  policy(
    forOurs(
      config,
      'OurLogs',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      `arn:aws:logs:${region}:${config.workloadAccount}:log-group:*`,
    ),
  );

export const registryEndpointPolicy = (config: Config, region: string): Policy =>
  policy(
    forOurs(
      config,
      'OurImages',
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      `arn:aws:ecr:${region}:${config.workloadAccount}:repository/${repositoryName}`,
    ),
    {
      Sid: 'SignInToTheRegistry',
      Effect: 'Allow',
      Principal: '*',
      Action: ['ecr:GetAuthorizationToken'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:PrincipalOrgID': config.organization.id } },
    },
  );

/** Image layers come from this bucket of Amazon's, by links the registry signs; nothing can be written to any bucket. */
export const layersEndpointPolicy = (region: string): Policy =>
  policy({
    Sid: 'ImageLayers',
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:GetObject'],
    Resource: `arn:aws:s3:::prod-${region}-starport-layer-bucket/*`,
  });

/** Only unauthenticated reads of the key set and sign-in calls pass; administration of the pool does not. */
export const signInEndpointPolicy = (config: Config, region: string): Policy =>
  policy({
    Sid: 'SignIn',
    Effect: 'Allow',
    Principal: '*',
    Action: [
      'cognito-idp:GetSigningCertificate',
      'cognito-idp:GetUser',
      'cognito-idp:InitiateAuth',
      'cognito-idp:RespondToAuthChallenge',
      'cognito-idp:RevokeToken',
    ],
    Resource: `arn:aws:cognito-idp:${region}:${config.workloadAccount}:userpool/*`,
  });
