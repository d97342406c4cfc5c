/** What every stack here has in common: a fixed environment, tags, termination protection; and policies given as plain JSON. */
import { Stack, Tags } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Policy, Statement } from '../policies/statement.ts';
import { policy } from '../policies/statement.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
}

/** The tag of all that is ours. What the CDK brings for its own purposes, a function behind a custom resource, does not have it. */
export const ownTag = { key: 'application', value: 'parley' } as const;

/** A stack of fixed account and region, protected from deletion, tagged so that Config and the bill can tell what is ours. */
export function parleyStack(scope: Construct, id: string, place: Place, description: string): Stack {
  const stack = new Stack(scope, id, { env: { ...place }, description, terminationProtection: true });
  Tags.of(stack).add(ownTag.key, ownTag.value);
  Tags.of(stack).add('component', id);
  return stack;
}

export const documentOf = (of: Policy): iam.PolicyDocument => iam.PolicyDocument.fromJson(of);

/**
 * A role of a fixed name with exactly the statements given. It is handed out immutable, so that no construct can add rights
 * to it on the side.
 */
export function roleWith(
  scope: Construct,
  id: string,
  name: string,
  assumedBy: iam.IPrincipal,
  statements: readonly Statement[],
): iam.IRole {
  const role = new iam.Role(scope, id, { roleName: name, assumedBy });
  if (statements.length > 0)
    new iam.ManagedPolicy(scope, `${id}Rights`, {
      managedPolicyName: `${name}-rights`,
      document: documentOf(policy(...statements)),
      roles: [role],
    });
  return role.withoutPolicyUpdates();
}

/**
 * A service as the principal of a trust policy, bound to our account: another account cannot borrow it (confused deputy). For
 * services that are documented to say for whom they ask; others would be locked out by it.
 */
export const serviceOf = (service: string, account: string): iam.IPrincipal =>
  new iam.ServicePrincipal(service, { conditions: { StringEquals: { 'aws:SourceAccount': account } } });
