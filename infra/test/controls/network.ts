/** Controls of the network: no way out, few ways in, everything logged. */
import { at, list, resolve, resourcesOf, type Templates } from '../support/templates.ts';
import { example } from '../support/variants.ts';
import { addResource, type Control, first, none, property, put, removeResource, simulated } from './control.ts';
import { statementsNamed } from './tables.ts';

const endpoint = 'AWS::EC2::VPCEndpoint';

/** Services that the VPC's own callers use, by the end of their endpoints' names. */
const needed = ['dynamodb', 'dynamodb-streams', 'kms', 'logs', 'ecr.api', 'ecr.dkr', 's3', 'cognito-idp'] as const;

const serviceNames = (templates: Templates): string[] =>
  resourcesOf(templates, endpoint).map(({ stack, Properties }) =>
    String(resolve(templates, stack, Properties.ServiceName ?? '')),
  );

const groupRules = (templates: Templates) => [
  ...resourcesOf(templates, 'AWS::EC2::SecurityGroup').flatMap(({ stack, id, Properties }) =>
    list(Properties.SecurityGroupIngress).map((rule) => ({ where: `${stack}/${id}`, rule })),
  ),
  ...resourcesOf(templates, 'AWS::EC2::SecurityGroupIngress').map(({ stack, id, Properties }) => ({
    where: `${stack}/${id}`,
    rule: Properties,
  })),
];

/** The rules of Amazon's lists that look into bodies, by list. */
const bodyRules = [
  'AWSManagedRulesCommonRuleSet SizeRestrictions_BODY',
  'AWSManagedRulesCommonRuleSet CrossSiteScripting_BODY',
  'AWSManagedRulesCommonRuleSet EC2MetaDataSSRF_BODY',
  'AWSManagedRulesCommonRuleSet GenericLFI_BODY',
  'AWSManagedRulesCommonRuleSet GenericRFI_BODY',
  'AWSManagedRulesKnownBadInputsRuleSet JavaDeserializationRCE_BODY',
  'AWSManagedRulesKnownBadInputsRuleSet Log4JRCE_BODY',
  'AWSManagedRulesKnownBadInputsRuleSet ReactJSRCE_BODY',
];

export const networkControls: readonly Control[] = [
  none({ ids: ['Course'], practice: 'The VPC has no way to the internet' }, [
    'AWS::EC2::InternetGateway',
    'AWS::EC2::NatGateway',
    'AWS::EC2::EgressOnlyInternetGateway',
    'AWS::EC2::EIP',
    'AWS::EC2::Route',
    'AWS::EC2::VPCPeeringConnection',
    'AWS::EC2::TransitGatewayAttachment',
  ]),
  property({
    ids: ['EC2.172'],
    practice: 'Whatever gateway somebody adds, no VPC of the account talks through it',
    type: 'AWS::EC2::VPCBlockPublicAccessOptions',
    path: 'InternetGatewayBlockMode',
    is: 'block-bidirectional',
    broken: 'off',
  }),
  none({ ids: ['EC2.8', 'EC2.9'], practice: 'No machines of our own, so none with a public address' }, [
    'AWS::EC2::Instance',
  ]),
  {
    ids: ['Parley'],
    practice: 'Subnets in three zones',
    resource: '`AWS::EC2::Subnet`',
    shownBy: 'six subnets, two in each of three zones',
    mutation: 'a subnet moves to another’s zone',
    check: (templates) => {
      const zones = resourcesOf(templates, 'AWS::EC2::Subnet').map(({ Properties }) =>
        String(Properties.AvailabilityZone),
      );
      return new Set(zones).size === 3 && zones.every((zone) => zones.filter((other) => other === zone).length === 2)
        ? []
        : [zones.join(', ')];
    },
    mutate: (draft) => put(draft, first(draft, 'AWS::EC2::Subnet'), 'Properties.AvailabilityZone', 'eu-central-1c'),
  },
  property({
    ids: ['EC2.15'],
    practice: 'Subnets give out no public addresses',
    type: 'AWS::EC2::Subnet',
    count: 6,
    path: 'MapPublicIpOnLaunch',
    is: false,
    broken: true,
  }),
  property({
    ids: ['EC2.6', 'CIS 3.7'],
    practice: 'Every connection is logged',
    type: 'AWS::EC2::FlowLog',
    path: 'TrafficType',
    is: 'ALL',
    broken: 'ACCEPT',
  }),
  {
    ids: ['EC2.2', 'CIS 5.4'],
    practice: 'The default security group lets nothing through',
    resource: '`Custom::VpcRestrictDefaultSG`',
    shownBy: 'every VPC has one',
    mutation: 'it is removed',
    check: (templates) =>
      resourcesOf(templates, 'AWS::EC2::VPC')
        .filter(({ stack }) => resourcesOf(templates, 'Custom::VpcRestrictDefaultSG', stack).length === 0)
        .map(({ stack }) => stack),
    mutate: (draft) => removeResource(draft, first(draft, 'Custom::VpcRestrictDefaultSG')),
  },
  {
    ids: ['EC2.13', 'EC2.14', 'EC2.18', 'EC2.19'],
    practice: 'Nothing is open to the world',
    resource: '`AWS::EC2::SecurityGroup`, `AWS::EC2::SecurityGroupIngress`',
    shownBy: 'no inbound rule names `0.0.0.0/0` or `::/0`, and none the whole range of ports',
    mutation: 'port 22 from `0.0.0.0/0`',
    check: (templates) => {
      const rules = groupRules(templates);
      if (rules.length < 6) return ['there are fewer than six inbound rules'];
      return rules
        .filter(
          ({ rule }) =>
            ['0.0.0.0/0', '::/0'].includes(String(at(rule, 'CidrIp') ?? at(rule, 'CidrIpv6'))) ||
            at(rule, 'IpProtocol') === '-1',
        )
        .map(({ where }) => where);
    },
    mutate: (draft) =>
      addResource(draft, 'ParleyService', 'Open', 'AWS::EC2::SecurityGroupIngress', {
        CidrIp: '0.0.0.0/0',
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
      }),
  },
  {
    ids: ['Course', 'EC2.55', 'EC2.56'],
    practice: 'What is called is called through endpoints, DynamoDB and Streams from on-premises included',
    resource: `\`${endpoint}\``,
    shownBy: `there are endpoints of ${needed.map((name) => `\`${name}\``).join(', ')}; of DynamoDB both kinds`,
    mutation: 'the endpoint of KMS is removed',
    check: (templates) => {
      const names = serviceNames(templates);
      const missing = needed.filter((name) => !names.some((full) => full.endsWith(`.${name}`)));
      const kinds = names.filter((full) => full.endsWith('.dynamodb')).length;
      return [...missing, ...(kinds === 2 ? [] : ['dynamodb: both a gateway and an interface are needed'])];
    },
    mutate: (draft) => {
      removeResource(
        draft,
        first(draft, endpoint, ({ Properties }) => JSON.stringify(Properties.ServiceName).includes('kms')),
      );
    },
  },
  property({
    ids: ['Course'],
    practice: 'Every endpoint has a policy',
    type: endpoint,
    count: 9,
    path: 'PolicyDocument.Statement',
    is: { says: 'a policy of its own', holds: (value) => list(value).length > 0 },
    broken: undefined,
  }),
  simulated(
    {
      ids: ['Course'],
      practice: 'Through the endpoints only our tables are reached, by our organization',
      resource: `\`${endpoint}\` of DynamoDB, both kinds`,
      requests: [
        'the service writes an entry',
        'a stranger inside the VPC, with a session of their own, copies to their table',
        'our administrator copies to a stranger’s table through the endpoint',
        'our administrator reads another table of ours through the endpoint',
      ],
      mutation: 'the statement `OurTables` allows everything',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'OurTables')) {
        Object.assign(statement, { Action: '*', Resource: '*' });
        delete (statement as { Condition?: unknown }).Condition;
      }
    },
  ),
  simulated(
    {
      ids: ['Parley'],
      practice: 'The SDK may look for its endpoint',
      resource: `\`${endpoint}\` of DynamoDB`,
      requests: ['the SDK finds the endpoint from inside the VPC'],
      mutation: 'the statement `FindTheEndpoint` names another action',
    },
    (draft) => {
      for (const statement of statementsNamed(draft, 'FindTheEndpoint'))
        Object.assign(statement, { Action: 'dynamodb:ListTables' });
    },
  ),
  property({
    ids: ['Parley'],
    practice: 'The interface endpoints of DynamoDB have no private names, so callers in the VPC use the gateway',
    type: endpoint,
    which: 'interface, of DynamoDB and Streams',
    where: ({ Properties }) =>
      Properties.VpcEndpointType === 'Interface' && JSON.stringify(Properties.ServiceName).includes('dynamodb'),
    count: 2,
    path: 'PrivateDnsEnabled',
    is: false,
    broken: true,
  }),
  property({
    ids: ['EC2.171'],
    practice: 'The VPN’s tunnels are logged',
    type: 'AWS::EC2::VPNConnection',
    path: 'VpnTunnelOptionsSpecifications',
    is: {
      says: 'both tunnels write to a log group',
      holds: (tunnels) =>
        list(tunnels).length === 2 &&
        list(tunnels).every((tunnel) => at(tunnel, 'LogOptions.CloudwatchLogOptions.LogEnabled') === true),
    },
    broken: [],
  }),
  property({
    ids: ['Course'],
    practice: 'On-premises comes in by a site-to-site VPN whose routes spread by themselves',
    type: 'AWS::EC2::VPNGatewayRoutePropagation',
    path: 'RouteTableIds',
    is: {
      says: 'all six route tables',
      holds: (tables) => list(tables).length === 6,
    },
    broken: [],
  }),
  property({
    ids: ['ELB.4', 'ELB.5', 'ELB.6'],
    practice: 'The load balancer drops headers that are not valid, logs, and cannot be deleted by accident',
    type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
    path: 'LoadBalancerAttributes',
    is: {
      says: '`routing.http.drop_invalid_header_fields.enabled`, `deletion_protection.enabled`, `access_logs.s3.enabled`',
      holds: (attributes) =>
        [
          'routing.http.drop_invalid_header_fields.enabled',
          'deletion_protection.enabled',
          'access_logs.s3.enabled',
        ].every((key) => list(attributes).some((entry) => at(entry, 'Key') === key && at(entry, 'Value') === 'true')),
    },
    broken: [],
  }),
  property({
    ids: ['Course'],
    practice: 'The load balancer is private, unless a configuration says otherwise',
    type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
    path: 'Scheme',
    is: example.exposure === 'private' ? 'internal' : 'internet-facing',
    broken: 'internet-facing',
  }),
  property({
    ids: ['ELB.17'],
    practice: 'TLS 1.2 or 1.3 only',
    type: 'AWS::ElasticLoadBalancingV2::Listener',
    path: 'SslPolicy',
    is: {
      says: 'a policy of TLS 1.3 and restricted 1.2',
      holds: (value) => /^ELBSecurityPolicy-TLS13-1-2-Res-/.test(String(value)),
    },
    broken: 'ELBSecurityPolicy-2016-08',
  }),
  property({
    ids: ['ELB.16'],
    practice: 'A web ACL stands before the load balancer, and one before sign-in',
    type: 'AWS::WAFv2::WebACLAssociation',
    count: 2,
    path: 'WebACLArn',
    is: { says: 'an ACL', holds: (value) => value !== undefined },
    broken: undefined,
  }),
  property({
    ids: ['WAF.10'],
    practice: 'Web ACLs have rules',
    type: 'AWS::WAFv2::WebACL',
    count: 2,
    path: 'Rules',
    is: { says: 'a rate limit and three of Amazon’s groups', holds: (rules) => list(rules).length === 4 },
    broken: [],
  }),
  property({
    ids: ['Parley'],
    practice: 'A message may hold any text: rules that look into bodies only count',
    type: 'AWS::WAFv2::WebACL',
    count: 2,
    path: 'Rules',
    is: {
      says: `${bodyRules.map((rule) => `\`${rule}\``).join(', ')} are overridden to count`,
      holds: (rules) => {
        const counted = list(rules).flatMap((rule) =>
          list(at(rule, 'Statement.ManagedRuleGroupStatement.RuleActionOverrides'))
            .filter((override) => at(override, 'ActionToUse.Count') !== undefined)
            .map(
              (override) =>
                `${String(at(rule, 'Statement.ManagedRuleGroupStatement.Name'))} ${String(at(override, 'Name'))}`,
            ),
        );
        return bodyRules.every((rule) => counted.includes(rule));
      },
    },
    broken: [],
  }),
  property({
    ids: ['WAF.11', 'SEC-7'],
    practice: 'What the ACLs decide is logged, without anybody’s token',
    type: 'AWS::WAFv2::LoggingConfiguration',
    count: 2,
    path: 'RedactedFields',
    is: {
      says: 'the header `authorization` is redacted',
      holds: (value) => JSON.stringify(value ?? '').includes('authorization'),
    },
    broken: [],
  }),
];
