/**
 * Who people are: a user pool with a second factor and threat protection, the trigger that provisions them, and an identity
 * pool whose sessions reach their own partition and no other.
 */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { roleNames } from '../names.ts';
import { readerRights } from '../policies/table.ts';
import { functionOf } from './function.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import { functionNames, type Roles } from './roles.ts';
import { parleyStack, roleWith } from './stack.ts';
import { logAcl, webAclRules } from './web-acl.ts';

export interface Identity {
  readonly stack: Stack;
  readonly userPoolId: string;
  readonly clientId: string;
  readonly domainUrl: string;
  readonly trigger: lambda.Function;
}

export function identityStack(
  scope: Construct,
  config: Config,
  use: { readonly keys: Keys; readonly network: Network; readonly roles: Roles; readonly code: string },
): Identity {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyIdentity', place, 'Parley: sign-in and identities');
  const { handler: trigger } = functionOf(stack, 'PostConfirmation', {
    name: functionNames.provision,
    description: 'Provisions a user when they have confirmed their address; safe to repeat',
    code: use.code,
    role: use.roles.provision,
    network: use.network,
    logsKey: use.keys.logs,
    environment: { DYNAMODB_TABLE: config.tableName, NODE_ENV: 'production' },
    // Cognito waits five seconds for a trigger.
    timeout: Duration.seconds(5),
    concurrency: 50,
  });
  const pool = userPool(stack, trigger);
  const domain = pool.addDomain('Domain', {
    cognitoDomain: { domainPrefix: config.signIn.domainPrefix },
    managedLoginVersion: cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
  });
  const client = pool.addClient('Web', {
    userPoolClientName: 'parley-web',
    // A browser keeps no secret: the code is protected by PKCE instead.
    generateSecret: false,
    authFlows: { userSrp: true },
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [cognito.OAuthScope.OPENID, cognito.OAuthScope.PROFILE],
      callbackUrls: [...config.signIn.callbackUrls],
      logoutUrls: [...config.signIn.callbackUrls],
    },
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.minutes(15),
    idTokenValidity: Duration.minutes(15),
    refreshTokenValidity: Duration.days(7),
    refreshTokenRotationGracePeriod: Duration.seconds(30),
  });
  protect(stack, pool, use.keys);
  identities(stack, config, pool, client);
  return {
    stack,
    userPoolId: pool.userPoolId,
    clientId: client.userPoolClientId,
    domainUrl: domain.baseUrl(),
    trigger,
  };
}

function userPool(stack: Stack, trigger: lambda.Function): cognito.UserPool {
  return new cognito.UserPool(stack, 'UserPool', {
    userPoolName: 'parley',
    featurePlan: cognito.FeaturePlan.PLUS,
    standardThreatProtectionMode: cognito.StandardThreatProtectionMode.FULL_FUNCTION,
    customThreatProtectionMode: cognito.CustomThreatProtectionMode.FULL_FUNCTION,
    mfa: cognito.Mfa.REQUIRED,
    mfaSecondFactor: { otp: true, sms: false, email: false },
    passwordPolicy: {
      minLength: 14,
      requireDigits: true,
      requireLowercase: true,
      requireUppercase: true,
      requireSymbols: true,
      tempPasswordValidity: Duration.days(1),
      passwordHistorySize: 12,
    },
    selfSignUpEnabled: true,
    signInAliases: { email: true },
    signInCaseSensitive: false,
    autoVerify: { email: true },
    keepOriginal: { email: true },
    accountRecovery: cognito.AccountRecovery.EMAIL_ONLY,
    deviceTracking: { challengeRequiredOnNewDevice: true, deviceOnlyRememberedOnUserPrompt: true },
    lambdaTriggers: { postConfirmation: trigger },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** The pool's public sign-in stands behind a web ACL of its own. */
function protect(stack: Stack, pool: cognito.UserPool, keys: Keys): void {
  const acl = new wafv2.CfnWebACL(stack, 'SignInAcl', {
    name: 'parley-sign-in',
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName: 'parley-sign-in' },
    rules: webAclRules('parley-sign-in', { requestsPerFiveMinutes: 500 }),
  });
  new wafv2.CfnWebACLAssociation(stack, 'SignInAclOnPool', { resourceArn: pool.userPoolArn, webAclArn: acl.attrArn });
  logAcl(stack, 'SignInAcl', acl, 'aws-waf-logs-parley-sign-in', keys.logs);
}

/** No identity without signing in; the token's subject becomes the session's tag `user`, which the role's policy reads. */
function identities(stack: Stack, config: Config, pool: cognito.UserPool, client: cognito.UserPoolClient): void {
  const provider = `cognito-idp.${config.activeRegion}.amazonaws.com/${pool.userPoolId}`;
  const identityPool = new cognito.CfnIdentityPool(stack, 'IdentityPool', {
    identityPoolName: 'parley',
    allowUnauthenticatedIdentities: false,
    allowClassicFlow: false,
    cognitoIdentityProviders: [
      { clientId: client.userPoolClientId, providerName: pool.userPoolProviderName, serverSideTokenCheck: true },
    ],
  });
  new cognito.CfnIdentityPoolPrincipalTag(stack, 'SubjectAsTag', {
    identityPoolId: identityPool.ref,
    identityProviderName: provider,
    useDefaults: false,
    principalTags: { user: 'sub' },
  });
  const trust = {
    StringEquals: { 'cognito-identity.amazonaws.com:aud': identityPool.ref },
    'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
  };
  const reader = roleWith(
    stack,
    'Reader',
    roleNames.reader,
    new iam.WebIdentityPrincipal('cognito-identity.amazonaws.com', trust).withSessionTags(),
    readerRights(config),
  );
  new cognito.CfnIdentityPoolRoleAttachment(stack, 'ReaderOfPool', {
    identityPoolId: identityPool.ref,
    roles: { authenticated: reader.roleArn },
  });
}
