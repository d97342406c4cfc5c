/** The service control policies, attached to the organizational unit of the workload. Deployed to the management account. */
import type { Stack } from 'aws-cdk-lib';
import * as organizations from 'aws-cdk-lib/aws-organizations';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { controlPolicies, scpBytesMax } from '../policies/organization.ts';
import { parleyStack } from './stack.ts';

export function organizationStack(scope: Construct, config: Config): Stack {
  const place = { account: config.organization.managementAccount, region: config.region };
  const stack = parleyStack(scope, 'ParleyOrganization', place, 'Parley: service control policies');
  for (const [name, content] of Object.entries(controlPolicies(config))) {
    const bytes = Buffer.byteLength(JSON.stringify(content));
    if (bytes > scpBytesMax)
      throw new Error(`the policy ${name} has ${bytes} bytes; Organizations takes ${scpBytesMax}`);
    new organizations.CfnPolicy(stack, name, {
      name,
      type: 'SERVICE_CONTROL_POLICY',
      description: `Parley: ${name.replace('parley-', '')}`,
      content,
      targetIds: [config.organization.workloadUnit],
    });
  }
  return stack;
}
