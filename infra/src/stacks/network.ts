/**
 * A VPC without a way to the internet: isolated subnets in three zones, endpoints for what is called, and a VPN or Direct
 * Connect for those who come from on-premises.
 */
import { CfnOutput, Fn, type Stack } from 'aws-cdk-lib';
import * as directconnect from 'aws-cdk-lib/aws-directconnect';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import {
  kmsEndpointPolicy,
  layersEndpointPolicy,
  logsEndpointPolicy,
  registryEndpointPolicy,
  signInEndpointPolicy,
  streamEndpointPolicy,
  tableEndpointPolicy,
} from '../policies/endpoints.ts';
import type { Policy } from '../policies/statement.ts';
import { parleyStack, roleWith, serviceOf } from './stack.ts';

export interface Network {
  readonly stack: Stack;
  readonly vpc: ec2.Vpc;
  readonly app: ec2.SubnetSelection;
  readonly data: ec2.SubnetSelection;
  /** Ids of the endpoints a request to the tables may come through: gateway (from the VPC), interface (from on-premises). */
  readonly tableEndpoints: readonly string[];
  readonly vpn: ec2.CfnVPNConnection | undefined;
}

const app = 'app';
const data = 'data';
const edge = 'edge';
const flowLogsName = '/parley/flow-logs';

export function networkStack(scope: Construct, config: Config, region: string, logsKey: kms.IKey): Network {
  const place = { account: config.workloadAccount, region };
  const stack = parleyStack(scope, `ParleyNetwork-${region}`, place, 'Parley: private network and endpoints');
  const open = config.exposure === 'public' && region === config.activeRegion;
  const vpc = new ec2.Vpc(stack, 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr(config.vpcCidr),
    availabilityZones: [...(config.availabilityZones[region] ?? [])],
    natGateways: 0,
    createInternetGateway: open,
    restrictDefaultSecurityGroup: true,
    subnetConfiguration: [
      { name: app, subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 20 },
      { name: data, subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
      // Only the load balancer stands here, and only when the configuration asks for a public one.
      ...(open ? [{ name: edge, subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false }] : []),
    ],
  });
  // For every VPC of the account in this region, also one that somebody adds by hand.
  if (!open)
    new ec2.CfnVPCBlockPublicAccessOptions(stack, 'NoPublicAccess', {
      internetGatewayBlockMode: 'block-bidirectional',
    });
  flowLogs(stack, vpc, config, region, logsKey);
  const tableEndpoints = endpoints(stack, vpc, config, region);
  const vpn = onPremises(stack, vpc, config, region, logsKey);
  new CfnOutput(stack, 'TableEndpoints', { value: tableEndpoints.join(' ') });
  return { stack, vpc, app: { subnetGroupName: app }, data: { subnetGroupName: data }, tableEndpoints, vpn };
}

/** Every connection, accepted or refused, for a year. */
function flowLogs(stack: Stack, vpc: ec2.Vpc, config: Config, region: string, logsKey: kms.IKey): void {
  const group = new logs.LogGroup(stack, 'FlowLogs', {
    logGroupName: flowLogsName,
    encryptionKey: logsKey,
    retention: logs.RetentionDays.ONE_YEAR,
  });
  const arn = `arn:aws:logs:${region}:${config.workloadAccount}:log-group:${flowLogsName}`;
  const writer = serviceOf('vpc-flow-logs.amazonaws.com', config.workloadAccount);
  const role = roleWith(stack, 'FlowLogsRole', `parley-flow-logs-${region}`, writer, [
    {
      Sid: 'Write',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      Resource: [arn, `${arn}:*`],
    },
  ]);
  vpc.addFlowLog('All', {
    destination: ec2.FlowLogDestination.toCloudWatchLogs(group, role),
    trafficType: ec2.FlowLogTrafficType.ALL,
    maxAggregationInterval: ec2.FlowLogMaxAggregationInterval.ONE_MINUTE,
  });
}

/** Narrows an endpoint to a policy; the constructs' own `policyDocument` is not settable for gateways. */
const restrict = (endpoint: ec2.VpcEndpoint, to: Policy) => {
  for (const statement of to.Statement) endpoint.addToPolicy(iam.PolicyStatement.fromJson(statement));
};

/** Every endpoint with its policy; gives the ids of the two that lead to the tables. */
function endpoints(stack: Stack, vpc: ec2.Vpc, config: Config, region: string): string[] {
  const gateway = vpc.addGatewayEndpoint('Tables', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
  restrict(gateway, tableEndpointPolicy(config, region));
  restrict(
    vpc.addGatewayEndpoint('Layers', { service: ec2.GatewayVpcEndpointAwsService.S3 }),
    layersEndpointPolicy(region),
  );

  const fromVpc = new ec2.SecurityGroup(stack, 'EndpointsFromVpc', {
    vpc,
    description: 'Endpoints of services that only this VPC calls',
    allowAllOutbound: false,
  });
  fromVpc.addIngressRule(ec2.Peer.ipv4(config.vpcCidr), ec2.Port.tcp(443), 'TLS from the VPC');
  const fromOnPremises = new ec2.SecurityGroup(stack, 'EndpointsFromOnPremises', {
    vpc,
    description: 'Endpoints of DynamoDB for callers on-premises',
    allowAllOutbound: false,
  });
  fromOnPremises.addIngressRule(ec2.Peer.ipv4(config.onPremises.cidr), ec2.Port.tcp(443), 'TLS from on-premises');
  fromOnPremises.addIngressRule(ec2.Peer.ipv4(config.vpcCidr), ec2.Port.tcp(443), 'TLS from the VPC');

  const services = ec2.InterfaceVpcEndpointAwsService;
  const add = (
    id: string,
    service: ec2.InterfaceVpcEndpointAwsService,
    to: Policy,
    group: ec2.ISecurityGroup,
    privateDnsEnabled: boolean,
  ) => {
    const endpoint = vpc.addInterfaceEndpoint(id, {
      service,
      subnets: { subnetGroupName: data },
      securityGroups: [group],
      open: false,
      privateDnsEnabled,
    });
    restrict(endpoint, to);
    return endpoint;
  };
  // These two have no private DNS: callers on-premises use the endpoint's own names, callers in the VPC the gateway.
  const tables = add(
    'TablesFromOnPremises',
    services.DYNAMODB,
    tableEndpointPolicy(config, region),
    fromOnPremises,
    false,
  );
  // For callers on-premises: the first of its names, of no one zone. Each stands behind the id of its hosted zone.
  const name = Fn.select(1, Fn.split(':', Fn.select(0, tables.vpcEndpointDnsEntries)));
  new CfnOutput(stack, 'TableEndpointAddress', { value: `https://${name}` });
  add('StreamsFromOnPremises', services.DYNAMODB_STREAMS, streamEndpointPolicy(config, region), fromOnPremises, false);
  add('Kms', services.KMS, kmsEndpointPolicy(config, region), fromVpc, true);
  add('Logs', services.CLOUDWATCH_LOGS, logsEndpointPolicy(config, region), fromVpc, true);
  add('Registry', services.ECR, registryEndpointPolicy(config, region), fromVpc, true);
  add('RegistryDocker', services.ECR_DOCKER, registryEndpointPolicy(config, region), fromVpc, true);
  add('SignIn', services.COGNITO_IDP, signInEndpointPolicy(config, region), fromVpc, true);
  return [gateway.vpcEndpointId, tables.vpcEndpointId];
}

/** The ways in from on-premises: a site-to-site VPN, a Direct Connect, either, both or none. */
function onPremises(
  stack: Stack,
  vpc: ec2.Vpc,
  config: Config,
  region: string,
  logsKey: kms.IKey,
): ec2.CfnVPNConnection | undefined {
  const { vpn, directConnect } = config.onPremises;
  if (vpn === undefined && directConnect === undefined) return undefined;
  vpc.enableVpnGateway({
    type: ec2.VpnConnectionType.IPSEC_1,
    vpnRoutePropagation: [{ subnetGroupName: app }, { subnetGroupName: data }],
  });
  const gatewayId = vpc.vpnGatewayId;
  if (gatewayId === undefined) throw new Error('the VPN gateway was not made');
  if (directConnect !== undefined) {
    const gateway = new directconnect.CfnDirectConnectGateway(stack, 'DirectConnectGateway', {
      directConnectGatewayName: `parley-${region}`,
      amazonSideAsn: String(directConnect.amazonSideAsn),
    });
    new directconnect.CfnDirectConnectGatewayAssociation(stack, 'DirectConnectAssociation', {
      directConnectGatewayId: gateway.ref,
      associatedGatewayId: gatewayId,
      allowedPrefixesToDirectConnectGateway: [config.vpcCidr],
    });
    new directconnect.CfnPrivateVirtualInterface(stack, 'DirectConnectInterface', {
      virtualInterfaceName: `parley-${region}`,
      connectionId: directConnect.connectionId,
      directConnectGatewayId: gateway.ref,
      vlan: directConnect.vlan,
      bgpPeers: [{ addressFamily: 'ipv4', asn: String(directConnect.asn) }],
    });
  }
  if (vpn === undefined) return undefined;
  const group = new logs.LogGroup(stack, 'VpnLogs', {
    logGroupName: '/parley/vpn',
    encryptionKey: logsKey,
    retention: logs.RetentionDays.ONE_YEAR,
  });
  const customer = new ec2.CfnCustomerGateway(stack, 'CustomerGateway', {
    type: 'ipsec.1',
    bgpAsn: vpn.asn,
    ipAddress: vpn.ip,
  });
  const tunnel: ec2.CfnVPNConnection.VpnTunnelOptionsSpecificationProperty = {
    ikeVersions: [{ value: 'ikev2' }],
    phase1EncryptionAlgorithms: [{ value: 'AES256-GCM-16' }],
    phase2EncryptionAlgorithms: [{ value: 'AES256-GCM-16' }],
    phase1DhGroupNumbers: [{ value: 20 }, { value: 21 }],
    phase2DhGroupNumbers: [{ value: 20 }, { value: 21 }],
    logOptions: {
      cloudwatchLogOptions: {
        logEnabled: true,
        logGroupArn: `arn:aws:logs:${region}:${config.workloadAccount}:log-group:${group.logGroupName}`,
        logOutputFormat: 'json',
      },
    },
  };
  return new ec2.CfnVPNConnection(stack, 'Vpn', {
    type: 'ipsec.1',
    customerGatewayId: customer.ref,
    vpnGatewayId: gatewayId,
    staticRoutesOnly: false,
    preSharedKeyStorage: 'SecretsManager',
    vpnTunnelOptionsSpecifications: [tunnel, tunnel],
  });
}
