/** The API: Fargate tasks in isolated subnets behind a load balancer with TLS and a web ACL, scaled on CPU and connections. */
import { CfnOutput, Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as scaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { repositoryName } from '../names.ts';
import { type Caches, daxPort, letIn, valkeyPort } from './cache.ts';
import type { Identity } from './identity.ts';
import type { Keys } from './keys.ts';
import { erasuresOnSchedule } from './life-cycle.ts';
import type { Network } from './network.ts';
import type { Registry } from './registry.ts';
import type { Roles } from './roles.ts';
import { parleyStack, roleWith, serviceOf } from './stack.ts';
import { noteStopped, tasksNamespace } from './stopped-tasks.ts';
import { logAcl, webAclRules } from './web-acl.ts';

export interface Service {
  readonly stack: Stack;
  readonly clusterName: string;
  readonly serviceName: string;
  readonly balancer: elb.ApplicationLoadBalancer;
  readonly targets: elb.ApplicationTargetGroup;
}

interface Uses {
  readonly caches: Caches;
  readonly identity: Identity;
  readonly keys: Keys;
  readonly network: Network;
  readonly registry: Registry;
  readonly roles: Roles;
}

/** What counts the tasks of the API that ended by themselves, and the alarm on it. */
export const tasksStopped = {
  alarm: 'parley-api-tasks-stopped',
  namespace: tasksNamespace,
  metric: 'ApiTasksStopped',
} as const;

const servicePort = 3000;
/** Seconds ECS waits after SIGTERM; the service itself is done within 10. */
const stopSeconds = 30;
/** Open event streams a task is meant to carry; a task is measured to carry five thousand. */
const connectionsPerTask = 2_500;
/**
 * Of what the load balancer counts: "concurrent TCP connections active from clients to the load balancer and from the load balancer
 * to targets" (CloudWatch metrics of Application Load Balancers, `ActiveConnectionCount`). A stream is one of each.
 */
const countedPerStream = 2;

export function serviceStack(scope: Construct, config: Config, use: Uses): Service {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyService', place, 'Parley: the API');
  const { vpc } = use.network;
  const cluster = new ecs.Cluster(stack, 'Cluster', {
    clusterName: 'parley',
    vpc,
    containerInsightsV2: ecs.ContainerInsights.ENHANCED,
  });
  const groups = securityGroups(stack, config, use);
  const logGroup = new logs.LogGroup(stack, 'Log', {
    logGroupName: '/parley/service',
    encryptionKey: use.keys.logs,
    retention: logs.RetentionDays.THREE_MONTHS,
  });
  const execution = executionRole(stack, config, use);
  const task = taskDefinition(stack, 'Service', config, use, {
    taskRole: use.roles.service,
    execution,
    logGroup,
    serves: true,
  });
  // Operators run `bin/users` and `bin/keys` as a task of this definition too, never from a machine of their own.
  const lifecycle = taskDefinition(stack, 'Lifecycle', config, use, {
    taskRole: use.roles.lifecycle,
    execution,
    logGroup,
    serves: false,
  });
  erasuresOnSchedule(stack, config, {
    cluster,
    task: lifecycle,
    execution,
    lifecycle: use.roles.lifecycle,
    network: use.network,
    caches: use.caches,
    logsKey: use.keys.logs,
  });
  const service = new ecs.FargateService(stack, 'Api', {
    cluster,
    serviceName: 'parley',
    taskDefinition: task,
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    circuitBreaker: { enable: true, rollback: true },
    vpcSubnets: use.network.app,
    securityGroups: [groups.tasks],
    assignPublicIp: false,
    enableExecuteCommand: false,
    platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
    availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
    healthCheckGracePeriod: Duration.seconds(30),
    propagateTags: ecs.PropagatedTagSource.SERVICE,
  });
  // Tasks that fall over and are replaced each time: as many run as should, and everybody on the one that fell is cut off.
  noteStopped(stack, 'TasksStopped', {
    ...tasksStopped,
    description: 'Tasks of the API that ended by themselves, never came to run, or failed their health checks',
    family: task.family,
    // Not what a deployment or scaling ends.
    ended: [
      { stopCode: ['EssentialContainerExited', 'TaskFailedToStart'] },
      { stoppedReason: [{ prefix: 'Task failed' }] },
    ],
    cluster,
    logsKey: use.keys.logs,
  });
  const { balancer, targets } = loadBalancer(stack, config, use, groups.balancer);
  service.attachToApplicationTargetGroup(targets);
  autoscaling(stack, config, service, balancer);
  webAcl(stack, use, balancer);
  new CfnOutput(stack, 'Address', { value: balancer.loadBalancerDnsName });
  return { stack, clusterName: cluster.clusterName, serviceName: service.serviceName, balancer, targets };
}

/** Who may call whom: callers the balancer, the balancer the tasks, the tasks the caches and endpoints. */
function securityGroups(stack: Stack, config: Config, use: Uses) {
  const group = (id: string, description: string) =>
    new ec2.SecurityGroup(stack, id, { vpc: use.network.vpc, description, allowAllOutbound: false });
  const balancer = group('BalancerGroup', 'Load balancer: TLS in, tasks out');
  const tasks = group('TasksGroup', 'Tasks: called by the load balancer only');
  const callers = config.exposure === 'public' ? ['0.0.0.0/0'] : [config.onPremises.cidr, config.vpcCidr];
  for (const cidr of callers) balancer.addIngressRule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(443), `TLS from ${cidr}`);
  balancer.addEgressRule(tasks, ec2.Port.tcp(servicePort), 'to the tasks');
  tasks.addIngressRule(balancer, ec2.Port.tcp(servicePort), 'from the load balancer');
  tasks.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'TLS to endpoints; there is no route further');
  letIn(stack, 'ValkeyFromTasks', use.caches.valkeyGroup, tasks, valkeyPort, 'the service');
  letIn(stack, 'DaxFromTasks', use.caches.daxGroup, tasks, daxPort, 'the service');
  return { balancer, tasks };
}

/** What ECS needs to start a task: the image and the log. Nothing of the data. */
function executionRole(stack: Stack, config: Config, use: Uses): iam.IRole {
  const { activeRegion: region, workloadAccount: account } = config;
  return roleWith(stack, 'Execution', 'parley-task-execution', serviceOf('ecs-tasks.amazonaws.com', account), [
    {
      Sid: 'PullTheImage',
      Effect: 'Allow',
      Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Resource: `arn:aws:ecr:${region}:${account}:repository/${repositoryName}`,
    },
    // The action has no resource to name.
    { Sid: 'SignInToTheRegistry', Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    {
      Sid: 'OwnLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `arn:aws:logs:${region}:${account}:log-group:/parley/service:*`,
    },
    { Sid: 'DecryptTheImage', Effect: 'Allow', Action: 'kms:Decrypt', Resource: use.keys.logs.keyArn },
  ]);
}

function taskDefinition(
  stack: Stack,
  id: string,
  config: Config,
  use: Uses,
  with_: {
    readonly taskRole: iam.IRole;
    readonly execution: iam.IRole;
    readonly logGroup: logs.LogGroup;
    readonly serves: boolean;
  },
): ecs.FargateTaskDefinition {
  const task = new ecs.FargateTaskDefinition(stack, `${id}Task`, {
    family: `parley-${id.toLowerCase()}`,
    cpu: 1024,
    memoryLimitMiB: 2048,
    runtimePlatform: {
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
      operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    },
    taskRole: with_.taskRole,
    executionRole: with_.execution,
  });
  const linuxParameters = new ecs.LinuxParameters(stack, `${id}Linux`, { initProcessEnabled: true });
  linuxParameters.dropCapabilities(ecs.Capability.ALL);
  const previous = use.keys.messages.reads.map(({ id: key }) => key);
  const environment: Record<string, string> = {
    NODE_ENV: 'production',
    AWS_REGION: config.activeRegion,
    DYNAMODB_TABLE: config.tableName,
    KMS_KEY_ID: use.keys.messages.wraps.id,
    ...(previous.length > 0 && { KMS_PREVIOUS_KEY_IDS: previous.join(',') }),
    // In production the configuration is refused without a way to sign in, the scripts' too.
    COGNITO_USER_POOL_ID: use.identity.userPoolId,
    COGNITO_CLIENT_ID: use.identity.clientId,
  };
  const serving: Record<string, string> = {
    HOST: '0.0.0.0',
    PORT: String(servicePort),
    PROXIES: '1',
    // Noted here, carried out by the life-cycle task, whose role may delete.
    PARLEY_ERASES: '0',
    // The function behind the stream does; the service has no right to the stream.
    PARLEY_FANOUT: '0',
    COGNITO_DOMAIN: use.identity.domainUrl,
    ...use.caches.valkeyEnvironment('service'),
    DAX_ENDPOINT: use.caches.daxEndpoint,
    RATE_LIMIT_PER_USER: '20',
    RATE_LIMIT_PER_ADDRESS: '200',
  };
  // What a life-cycle task changes it tells the nodes, which would show it as it was for as long as they keep it.
  const telling = use.caches.valkeyEnvironment('lifecycle');
  const probe = `fetch('http://127.0.0.1:${servicePort}/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  task.addContainer('parley', {
    image: ecs.ContainerImage.fromEcrRepository(use.registry.repository, config.imageDigest),
    readonlyRootFilesystem: true,
    user: '65532:65532',
    privileged: false,
    linuxParameters,
    environment: { ...environment, ...(with_.serves ? serving : telling) },
    logging: ecs.LogDrivers.awsLogs({ logGroup: with_.logGroup, streamPrefix: id.toLowerCase() }),
    stopTimeout: Duration.seconds(stopSeconds),
    ...(!with_.serves && { command: ['dist/cli/main.js', 'users', 'resume', '--by', 'schedule'] }),
    ...(with_.serves && {
      portMappings: [{ containerPort: servicePort }],
      healthCheck: {
        command: ['CMD', 'node', '-e', probe],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(5),
        retries: 3,
        startPeriod: Duration.seconds(20),
      },
    }),
  });
  return task;
}

function loadBalancer(stack: Stack, config: Config, use: Uses, securityGroup: ec2.ISecurityGroup) {
  const open = config.exposure === 'public';
  const accessLogs = new s3.Bucket(stack, 'AccessLogs', {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    // Load balancers write to buckets with Amazon's own encryption only.
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [{ expiration: Duration.days(90), noncurrentVersionExpiration: Duration.days(7) }],
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const balancer = new elb.ApplicationLoadBalancer(stack, 'Balancer', {
    loadBalancerName: 'parley',
    vpc: use.network.vpc,
    vpcSubnets: open ? { subnetType: ec2.SubnetType.PUBLIC } : use.network.app,
    internetFacing: open,
    securityGroup,
    deletionProtection: true,
    dropInvalidHeaderFields: true,
    desyncMitigationMode: elb.DesyncMitigationMode.STRICTEST,
    // Event streams send a comment every 15 seconds, so a quiet one stays well below this.
    idleTimeout: Duration.seconds(60),
  });
  balancer.logAccessLogs(accessLogs, 'balancer');
  const targets = new elb.ApplicationTargetGroup(stack, 'Targets', {
    vpc: use.network.vpc,
    targetType: elb.TargetType.IP,
    protocol: elb.ApplicationProtocol.HTTP,
    port: servicePort,
    deregistrationDelay: Duration.seconds(10),
    loadBalancingAlgorithmType: elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    // A new task must reach the table before it is called, or a release without a right would pass for a good one. But ECS replaces
    // whatever is unhealthy here, and a table that is away for a moment is away for all tasks: replaced, they would take every open
    // stream with them and find the table no sooner. So only five minutes of it count; a process that is stuck is found within half a
    // minute by the container's own check.
    healthCheck: {
      path: '/readyz',
      healthyHttpCodes: '200',
      interval: Duration.seconds(30),
      timeout: Duration.seconds(5),
      healthyThresholdCount: 2,
      unhealthyThresholdCount: 10,
    },
  });
  balancer.addListener('Tls', {
    port: 443,
    protocol: elb.ApplicationProtocol.HTTPS,
    sslPolicy: elb.SslPolicy.TLS13_RES,
    certificates: [acm.Certificate.fromCertificateArn(stack, 'Certificate', config.certificateArn)],
    defaultTargetGroups: [targets],
    open: false,
  });
  return { balancer, targets };
}

function autoscaling(
  stack: Stack,
  config: Config,
  service: ecs.FargateService,
  balancer: elb.ApplicationLoadBalancer,
): void {
  const target = service.autoScaleTaskCount({ minCapacity: config.tasks.min, maxCapacity: config.tasks.max });
  target.scaleOnCpuUtilization('Cpu', {
    targetUtilizationPercent: 50,
    scaleInCooldown: Duration.minutes(5),
    scaleOutCooldown: Duration.minutes(1),
  });
  // An idle event stream costs no CPU but memory: connections are a measure of their own. No construct takes metric maths.
  new scaling.CfnScalingPolicy(stack, 'Connections', {
    policyName: 'parley-connections',
    policyType: 'TargetTrackingScaling',
    // The id is not a reference and ECS accepts none: the three together name the target.
    resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
    scalableDimension: 'ecs:service:DesiredCount',
    serviceNamespace: 'ecs',
    targetTrackingScalingPolicyConfiguration: {
      targetValue: connectionsPerTask * countedPerStream,
      scaleInCooldown: 300,
      scaleOutCooldown: 60,
      customizedMetricSpecification: {
        metrics: [
          {
            id: 'connections',
            returnData: false,
            metricStat: {
              stat: 'Sum',
              metric: {
                namespace: 'AWS/ApplicationELB',
                metricName: 'ActiveConnectionCount',
                dimensions: [{ name: 'LoadBalancer', value: balancer.loadBalancerFullName }],
              },
            },
          },
          {
            id: 'tasks',
            returnData: false,
            metricStat: {
              stat: 'Average',
              metric: {
                namespace: 'ECS/ContainerInsights',
                metricName: 'RunningTaskCount',
                dimensions: [
                  { name: 'ClusterName', value: service.cluster.clusterName },
                  { name: 'ServiceName', value: service.serviceName },
                ],
              },
            },
          },
          { id: 'each', expression: 'connections / tasks', label: 'Connections a task', returnData: true },
        ],
      },
    },
  }).node.addDependency(target);
}

function webAcl(stack: Stack, use: Uses, balancer: elb.ApplicationLoadBalancer): void {
  const acl = new wafv2.CfnWebACL(stack, 'Acl', {
    name: 'parley',
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    visibilityConfig: { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName: 'parley' },
    // The service's own limit is 200 requests a second of one address; this one catches floods.
    rules: webAclRules('parley', { requestsPerFiveMinutes: 60_000 }),
  });
  new wafv2.CfnWebACLAssociation(stack, 'AclOnBalancer', {
    resourceArn: balancer.loadBalancerArn,
    webAclArn: acl.attrArn,
  });
  logAcl(stack, 'Acl', acl, 'aws-waf-logs-parley', use.keys.logs);
}
