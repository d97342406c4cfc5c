/**
 * Erasures, carried out: the service only notes them, since its role may not delete; a task with the life-cycle role looks every
 * quarter of an hour for what was noted and does it (`bin/users resume`).
 */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { Config } from '../config.ts';
import { schedulerRoleName } from '../names.ts';
import { type Caches, letIn, valkeyPort } from './cache.ts';
import type { Network } from './network.ts';
import { roleWith, serviceOf } from './stack.ts';
import { noteStopped, tasksNamespace } from './stopped-tasks.ts';

export const scheduleName = 'parley-erasures';

/** What counts the tasks that did not end well, and the alarm on it. */
export const erasuresFailed = {
  alarm: 'parley-erasures-failed',
  namespace: tasksNamespace,
  metric: 'ErasuresFailed',
} as const;

export function erasuresOnSchedule(
  stack: Stack,
  config: Config,
  use: {
    readonly cluster: ecs.ICluster;
    readonly task: ecs.FargateTaskDefinition;
    readonly execution: iam.IRole;
    readonly lifecycle: iam.IRole;
    readonly network: Network;
    readonly caches: Caches;
    readonly logsKey: kms.IKey;
  },
): void {
  // The schedule knows whether a task was started, not how it ended: with another code than 0, or without ever having run.
  noteStopped(stack, 'ErasuresFailed', {
    ...erasuresFailed,
    description: 'Life-cycle tasks that did not end well',
    family: use.task.family,
    ended: [{ containers: { exitCode: [{ 'anything-but': [0] }] } }, { stopCode: ['TaskFailedToStart'] }],
    cluster: use.cluster,
    logsKey: use.logsKey,
  });
  const group = new ec2.SecurityGroup(stack, 'LifecycleGroup', {
    vpc: use.network.vpc,
    description: 'Life-cycle tasks: call endpoints and Valkey, are called by nobody',
    allowAllOutbound: false,
  });
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS to endpoints; there is no route further');
  letIn(stack, 'ValkeyFromLifecycle', use.caches.valkeyGroup, group, valkeyPort, 'life-cycle tasks');
  const subnets = use.network.vpc.selectSubnets(use.network.app).subnetIds;
  // As `aws ecs run-task --network-configuration` takes it, for whoever runs a task by hand (docs/DEPLOY.md).
  new CfnOutput(stack, 'LifecycleNetwork', {
    value: `awsvpcConfiguration={subnets=[${subnets.join(',')}],securityGroups=[${group.securityGroupId}]}`,
  });
  const runs = serviceOf('scheduler.amazonaws.com', config.workloadAccount);
  const role = roleWith(stack, 'Scheduler', schedulerRoleName, runs, [
    {
      Sid: 'RunTheTask',
      Effect: 'Allow',
      Action: 'ecs:RunTask',
      Resource: use.task.taskDefinitionArn,
      Condition: { ArnEquals: { 'ecs:cluster': use.cluster.clusterArn } },
    },
    {
      Sid: 'AsItsRoles',
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: [use.lifecycle.roleArn, use.execution.roleArn],
      Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    },
  ]);
  new scheduler.CfnSchedule(stack, 'Erasures', {
    name: scheduleName,
    description: 'Carries out erasures that were begun and are not done',
    scheduleExpression: 'rate(15 minutes)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: use.cluster.clusterArn,
      roleArn: role.roleArn,
      ecsParameters: {
        taskDefinitionArn: use.task.taskDefinitionArn,
        launchType: 'FARGATE',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets,
            securityGroups: [group.securityGroupId],
            assignPublicIp: 'DISABLED',
          },
        },
      },
    },
  });
}
