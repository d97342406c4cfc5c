/** Rules of the web ACLs: Amazon's lists of known attacks, and a ceiling for one address. */
import type { Stack } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';

const managed = [
  'AWSManagedRulesAmazonIpReputationList',
  'AWSManagedRulesCommonRuleSet',
  'AWSManagedRulesKnownBadInputsRuleSet',
] as const;

/**
 * A message may hold any text, also what looks like an attack, so every rule that looks into bodies only counts; what a body may
 * be is the service's own validation to say. People write to each other about Log4j and metadata addresses, and a message that is
 * refused without a word is worse here than a string that no part of the service would run.
 */
const countOnly: Readonly<Record<string, readonly string[]>> = {
  AWSManagedRulesCommonRuleSet: [
    'SizeRestrictions_BODY',
    'CrossSiteScripting_BODY',
    'EC2MetaDataSSRF_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
  ],
  AWSManagedRulesKnownBadInputsRuleSet: ['JavaDeserializationRCE_BODY', 'Log4JRCE_BODY', 'ReactJSRCE_BODY'],
};

export function webAclRules(
  name: string,
  limit: { readonly requestsPerFiveMinutes: number },
): wafv2.CfnWebACL.RuleProperty[] {
  const visible = (metricName: string) => ({
    cloudWatchMetricsEnabled: true,
    sampledRequestsEnabled: true,
    metricName,
  });
  const groups = managed.map((group, priority) => ({
    name: group,
    priority: priority + 1,
    overrideAction: { none: {} },
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: group,
        ruleActionOverrides: (countOnly[group] ?? []).map((rule) => ({ name: rule, actionToUse: { count: {} } })),
      },
    },
    visibilityConfig: visible(`${name}-${group}`),
  }));
  return [
    {
      name: 'RateOfOneAddress',
      priority: 0,
      action: { block: {} },
      statement: { rateBasedStatement: { limit: limit.requestsPerFiveMinutes, aggregateKeyType: 'IP' } },
      visibilityConfig: visible(`${name}-rate`),
    },
    ...groups,
  ];
}

/** Logs what an ACL decided, without the tokens of those it decided about. WAF wants the group's name to begin `aws-waf-logs-`. */
export function logAcl(
  stack: Stack,
  id: string,
  acl: wafv2.CfnWebACL,
  name: `aws-waf-logs-${string}`,
  key: kms.IKey,
): void {
  const group = new logs.LogGroup(stack, `${id}Log`, {
    logGroupName: name,
    encryptionKey: key,
    retention: logs.RetentionDays.THREE_MONTHS,
  });
  new wafv2.CfnLoggingConfiguration(stack, `${id}Logging`, {
    resourceArn: acl.attrArn,
    logDestinationConfigs: [`arn:aws:logs:${stack.region}:${stack.account}:log-group:${name}`],
    redactedFields: [{ singleHeader: { Name: 'authorization' } }],
  }).node.addDependency(group);
}
