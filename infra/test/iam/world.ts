/**
 * The synthesised policies taken together: who asks, from where, for what, and every policy that has a say in it, out of the
 * templates themselves.
 */
import { roleNames } from '../../src/names.ts';
import { type Policy, policy } from '../../src/policies/statement.ts';
import { at, type Found, list, resolve, resourcesOf, type Templates } from '../support/templates.ts';
import { example } from '../support/variants.ts';
import { type AppliedPolicies, type ContextValue, type Decision, evaluate } from './evaluator.ts';

type Who =
  | keyof typeof roleNames
  /** AdministratorAccess in the workload account. */
  | 'administrator'
  /** CloudFormation's execution role, which deployments use. */
  | 'deployment'
  /** A role with every right whose name only looks like the deployment's. */
  | 'lookalike'
  /** An IAM user with AdministratorAccess and a key, from before the organization's policies. */
  | 'user'
  /** A role of another organization that was given our table's ARN. */
  | 'stranger'
  /** DynamoDB's own role for replication. */
  | 'replication';

/** The way a request takes. */
type Way = 'vpc' | 'on-premises' | 'another vpc' | 'internet' | 'inside AWS';

export interface Simulated {
  readonly who: Who;
  readonly way: Way;
  readonly action: string;
  readonly resource: string;
  readonly region?: string;
  readonly context?: { readonly [key: string]: ContextValue };
}

const fullAccess: Policy = policy({ Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' });
const anybody: Policy = policy({ Sid: 'All', Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' });
const strangerAccount = '999999999999';

const document = (templates: Templates, stack: string, value: unknown): Policy => {
  const resolved = resolve(templates, stack, value as never) as unknown as Policy;
  return {
    ...resolved,
    Statement: resolved.Statement.map((statement, n) => ({ ...statement, Sid: statement.Sid ?? `#${n}` })),
  };
};

/** The rights that any policy resource of the templates gives a role of ours. */
function identityPolicies(templates: Templates, roleName: string): Policy[] {
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy']
    .flatMap((type) => resourcesOf(templates, type))
    .filter(({ stack, Properties }) =>
      list(Properties.Roles).some((role) => resolve(templates, stack, role) === roleName),
    )
    .map(({ stack, Properties }) => document(templates, stack, Properties.PolicyDocument));
  const inline = resourcesOf(templates, 'AWS::IAM::Role')
    .filter(({ Properties }) => Properties.RoleName === roleName)
    .flatMap(({ stack, Properties }) =>
      list(Properties.Policies).map((entry) => document(templates, stack, at(entry, 'PolicyDocument'))),
    );
  return [...attached, ...inline];
}

const controlPolicies = (templates: Templates): Policy[][] => [
  [fullAccess],
  [
    fullAccess,
    ...resourcesOf(templates, 'AWS::Organizations::Policy').map(({ stack, Properties }) =>
      document(templates, stack, Properties.Content),
    ),
  ],
];

/** The endpoint of a service in the active region: gateway for callers in the VPC, interface for those from on-premises. */
function endpointFor(templates: Templates, service: string, way: Way): Found | undefined {
  const named = resourcesOf(templates, 'AWS::EC2::VPCEndpoint', `ParleyNetwork-${example.activeRegion}`).filter(
    ({ stack, Properties }) => String(resolve(templates, stack, Properties.ServiceName ?? '')).endsWith(`.${service}`),
  );
  const kind = way === 'vpc' && service === 'dynamodb' ? 'Gateway' : 'Interface';
  return named.find(({ Properties }) => Properties.VpcEndpointType === kind);
}

const arnOf = (who: Who, account: string): string => {
  if (who in roleNames) return `arn:aws:iam::${account}:role/${roleNames[who as keyof typeof roleNames]}`;
  return {
    administrator: `arn:aws:iam::${account}:role/Administrator`,
    deployment: `arn:aws:iam::${account}:role/cdk-hnb659fds-cfn-exec-role-${account}-eu-central-1`,
    lookalike: `arn:aws:iam::${account}:role/cdk-x-cfn-exec-role-x`,
    user: `arn:aws:iam::${account}:user/somebody`,
    stranger: `arn:aws:iam::${strangerAccount}:role/Stranger`,
    replication: `arn:aws:iam::${account}:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication`,
  }[who as 'administrator'];
};

/** The table, or key, policy that stands at a resource. */
function resourcePolicy(templates: Templates, resource: string): { policy?: Policy; decides: boolean } {
  for (const { stack, Properties } of resourcesOf(templates, 'AWS::DynamoDB::GlobalTable'))
    for (const replica of list(Properties.Replicas)) {
      const { account } = templates[stack] ?? { account: '' };
      const arn = `arn:aws:dynamodb:${String(at(replica, 'Region'))}:${account}:table/${String(Properties.TableName)}`;
      const content = at(replica, 'ResourcePolicy.PolicyDocument');
      if (content !== undefined && (resource === arn || resource.startsWith(`${arn}/index/`)))
        return { policy: document(templates, stack, content), decides: false };
    }
  for (const { stack, id, Properties } of resourcesOf(templates, 'AWS::KMS::Key'))
    if (resource.endsWith(`:key/${id}`) && Properties.KeyPolicy !== undefined)
      return { policy: document(templates, stack, Properties.KeyPolicy), decides: true };
  return { decides: false };
}

/** Allowed or not, by all of the templates' policies together. */
export function simulate(templates: Templates, asked: Simulated): Decision {
  const ours = example.workloadAccount;
  const service = asked.action.split(':')[0] ?? '';
  const stranger = asked.who === 'stranger';
  const arn = arnOf(asked.who, ours);
  const linked = asked.who === 'replication';
  const found =
    asked.way === 'vpc' || asked.way === 'on-premises' ? endpointFor(templates, service, asked.way) : undefined;
  const endpointId = asked.way === 'another vpc' ? 'vpce-0000foreign' : found && `vpce-${found.id}`;
  const endpoint = found && document(templates, found.stack, found.Properties.PolicyDocument);
  const resource = resourcePolicy(templates, asked.resource);
  const resourceAccount = asked.resource.split(':')[4] || ours;
  const policies: AppliedPolicies = {
    ...(!stranger && { control: controlPolicies(templates) }),
    identity: asked.who in roleNames ? identityPolicies(templates, arn.split('/')[1] ?? '') : [fullAccess],
    ...(resource.policy && { resource: resource.policy, resourceDecides: resource.decides }),
    ...(endpoint && { endpoint }),
    // A foreign VPC's endpoint has the policy its owner gave it; the worst is the default, which allows all.
    ...(asked.way === 'another vpc' && { endpoint: anybody }),
  };
  return evaluate(
    {
      principal: { arn, account: stranger ? strangerAccount : ours },
      action: asked.action,
      resource: asked.resource,
      resourceAccount,
      context: {
        'aws:PrincipalOrgID': stranger ? 'o-stranger00' : example.organization.id,
        'aws:ResourceOrgID': resourceAccount === strangerAccount ? 'o-stranger00' : example.organization.id,
        'aws:RequestedRegion': asked.region ?? example.activeRegion,
        'aws:SecureTransport': 'true',
        ...(endpointId !== undefined && !linked && { 'aws:SourceVpce': endpointId }),
        ...asked.context,
      },
    },
    policies,
  );
}
