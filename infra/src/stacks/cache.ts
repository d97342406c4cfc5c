/** The two caches: Valkey, serverless, for pages and the bus between nodes; DAX for the same reads inside DynamoDB's model. */
import type { Stack } from 'aws-cdk-lib';
import * as dax from 'aws-cdk-lib/aws-dax';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elasticache from 'aws-cdk-lib/aws-elasticache';
import type { Construct } from 'constructs';
import { announcerRights, nodeRights, publisherRights } from '../../../src/server/valkey-rights.ts';
import type { Config } from '../config.ts';
import { type CacheUser, cacheName, cacheUsers, daxClusterName } from '../names.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import type { Roles } from './roles.ts';
import { parleyStack } from './stack.ts';

/** Milliseconds that DAX keeps a copy for. */
const daxMs = 240_000;

export interface Caches {
  readonly stack: Stack;
  /** What a process is told, so that it finds Valkey and signs in there as a user of the cache. */
  readonly valkeyEnvironment: (user: CacheUser) => { readonly VALKEY_URL: string; readonly VALKEY_IAM_CACHE: string };
  /** What `DAX_ENDPOINT` holds. */
  readonly daxEndpoint: string;
  readonly valkeyGroup: ec2.ISecurityGroup;
  readonly daxGroup: ec2.ISecurityGroup;
}

export const valkeyPort = 6379;
/** Of DAX's encrypted endpoint. */
export const daxPort = 9111;

/** One node in each zone: a cluster stays up when a zone does not. */
const daxNodes = 3;

export function cacheStack(scope: Construct, config: Config, keys: Keys, network: Network, roles: Roles): Caches {
  const place = { account: config.workloadAccount, region: config.activeRegion };
  const stack = parleyStack(scope, 'ParleyCache', place, 'Parley: serverless cache and DAX');
  const group = (id: string, description: string) =>
    new ec2.SecurityGroup(stack, id, { vpc: network.vpc, description, allowAllOutbound: false });
  const subnetIds = network.vpc.selectSubnets(network.data).subnetIds;

  const valkeyGroup = group('ValkeyGroup', 'Valkey: called by the service, the fan-out and life-cycle tasks');
  const user = (id: string, name: string, accessString: string) =>
    new elasticache.CfnUser(stack, id, {
      engine: 'valkey',
      userId: name,
      userName: name,
      authenticationMode: { Type: 'iam' },
      accessString,
    });
  const users = new elasticache.CfnUserGroup(stack, 'ValkeyUsers', {
    engine: 'valkey',
    userGroupId: 'parley',
    userIds: [
      user('ValkeyUser', cacheUsers.service, nodeRights).ref,
      user('ValkeyFanoutUser', cacheUsers.fanout, publisherRights).ref,
      user('ValkeyLifecycleUser', cacheUsers.lifecycle, announcerRights).ref,
    ],
  });
  const valkey = new elasticache.CfnServerlessCache(stack, 'Valkey', {
    engine: 'valkey',
    majorEngineVersion: '8',
    serverlessCacheName: cacheName,
    description: 'Parley: pages and conversations as ciphertext, and the bus between nodes',
    subnetIds,
    securityGroupIds: [valkeyGroup.securityGroupId],
    kmsKeyId: keys.tables.keyArn,
    userGroupId: users.ref,
    // A cache holds nothing that is not in the table: there is nothing to keep snapshots of.
    snapshotRetentionLimit: 0,
    cacheUsageLimits: {
      dataStorage: { maximum: config.cache.valkeyMaxGigabytes, unit: 'GB' },
      ecpuPerSecond: { maximum: config.cache.valkeyMaxEcpuPerSecond },
    },
  });

  const daxGroup = group('DaxGroup', 'DAX: called by the service over TLS');
  const subnets = new dax.CfnSubnetGroup(stack, 'DaxSubnets', {
    subnetGroupName: daxClusterName,
    description: 'Isolated subnets of three zones',
    subnetIds,
  });
  const parameters = new dax.CfnParameterGroup(stack, 'DaxParameters', {
    parameterGroupName: daxClusterName,
    description: 'What is read through DAX is settled; it is kept for four minutes',
    // Closed pages change by edits; readers go round DAX for five minutes after one, and no copy may outlive that: neither one that
    // DAX took from a replica which heard of the edit a little later.
    parameterNameValues: { 'query-ttl-millis': String(daxMs), 'record-ttl-millis': String(daxMs) },
  });
  const cluster = new dax.CfnCluster(stack, 'Dax', {
    clusterName: daxClusterName,
    description: 'Parley: closed pages and first entries',
    nodeType: config.cache.daxNodeType,
    replicationFactor: daxNodes,
    availabilityZones: [...(config.availabilityZones[config.activeRegion] ?? [])],
    subnetGroupName: subnets.ref,
    parameterGroupName: parameters.ref,
    securityGroupIds: [daxGroup.securityGroupId],
    iamRoleArn: roles.dax.roleArn,
    clusterEndpointEncryptionType: 'TLS',
    sseSpecification: { sseEnabled: true },
  });
  return {
    stack,
    valkeyEnvironment: (name) => ({
      VALKEY_URL: `rediss://${cacheUsers[name]}@${valkey.attrEndpointAddress}:${valkey.attrEndpointPort}`,
      VALKEY_IAM_CACHE: cacheName,
    }),
    daxEndpoint: cluster.attrClusterDiscoveryEndpointUrl,
    valkeyGroup,
    daxGroup,
  };
}

/** Lets one group's members call a cache, and nobody else; the rule stands in the callers' stack, which is made later. */
export function letIn(
  stack: Stack,
  id: string,
  cache: ec2.ISecurityGroup,
  callers: ec2.ISecurityGroup,
  port: number,
  who: string,
): void {
  callers.addEgressRule(cache, ec2.Port.tcp(port), 'to the cache, encrypted');
  new ec2.CfnSecurityGroupIngress(stack, id, {
    groupId: cache.securityGroupId,
    sourceSecurityGroupId: callers.securityGroupId,
    ipProtocol: 'tcp',
    fromPort: port,
    toPort: port,
    description: `from ${who}`,
  });
}
