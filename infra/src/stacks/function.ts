/** A Lambda function as all of ours are: newest runtime, inside the VPC, traced, with its own log. */
import type { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Network } from './network.ts';

export interface FunctionProps {
  readonly name: string;
  readonly description: string;
  /** A folder with `index.mjs`. */
  readonly code: string;
  readonly role: iam.IRole;
  readonly network: Network;
  readonly logsKey: kms.IKey;
  readonly environment: { readonly [name: string]: string };
  readonly timeout: Duration;
  /** How many may run at once: what a flood can cost, and what it cannot take from other functions of the account. */
  readonly concurrency: number;
}

/** The function, and the group it calls from. */
export function functionOf(
  scope: Construct,
  id: string,
  props: FunctionProps,
): { readonly handler: lambda.Function; readonly group: ec2.ISecurityGroup } {
  const group = new ec2.SecurityGroup(scope, `${id}Group`, {
    vpc: props.network.vpc,
    description: `Function ${props.name}: calls endpoints, is called by nobody`,
    allowAllOutbound: false,
  });
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS to endpoints; there is no route further');
  const handler = new lambda.Function(scope, id, {
    functionName: props.name,
    description: props.description,
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    handler: 'index.handler',
    code: lambda.Code.fromAsset(props.code),
    role: props.role,
    vpc: props.network.vpc,
    vpcSubnets: props.network.app,
    securityGroups: [group],
    memorySize: 512,
    timeout: props.timeout,
    reservedConcurrentExecutions: props.concurrency,
    tracing: lambda.Tracing.ACTIVE,
    environment: { ...props.environment },
    environmentEncryption: props.logsKey,
    logGroup: new logs.LogGroup(scope, `${id}Log`, {
      logGroupName: `/parley/${props.name}`,
      encryptionKey: props.logsKey,
      retention: logs.RetentionDays.THREE_MONTHS,
    }),
  });
  return { handler, group };
}
