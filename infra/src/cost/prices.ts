/** Prices, each with where it was read. In dollars, us-east-1, on demand, without free tiers or discounts; other regions differ. */

export interface Price {
  readonly dollars: number;
  readonly per: string;
  readonly source: string;
  /** Read in the source named; otherwise remembered, and to be checked before anything rests on it. */
  readonly checked: boolean;
}

/** When the prices were read. */
export const pricesAsOf = '2026-11-22';

const aws = (page: string) => `aws.amazon.com/${page}/pricing`;
const price = (dollars: number, per: string, source: string, checked = false): Price => ({
  dollars,
  per,
  source,
  checked,
});

export const prices = {
  writeUnit: price(0.625, 'million write units', aws('dynamodb'), true),
  readUnit: price(0.125, 'million read units', aws('dynamodb'), true),
  tableStorage: price(0.25, 'GB-month', aws('dynamodb'), true),
  recovery: price(0.2, 'GB-month', aws('dynamodb')),
  backup: price(0.1, 'GB-month', aws('backup')),
  insightEvents: price(0.02, 'million events', aws('cloudwatch')),
  lambdaRequests: price(0.2, 'million requests', aws('lambda')),
  lambdaTime: price(0.0000133334, 'GB-second (Arm)', aws('lambda')),
  taskCpu: price(0.03238, 'vCPU-hour (Arm)', 'vantage.sh/blog/fargate-pricing', true),
  taskMemory: price(0.00356, 'GB-hour (Arm)', 'vantage.sh/blog/fargate-pricing', true),
  balancerHour: price(0.0225, 'hour', aws('elasticloadbalancing')),
  balancerUnit: price(0.008, 'LCU-hour', aws('elasticloadbalancing')),
  aclRequests: price(0.6, 'million requests', aws('waf')),
  aclRules: price(1, 'rule-month', aws('waf')),
  aclMonth: price(5, 'ACL-month', aws('waf')),
  endpointHour: price(0.01, 'endpoint-zone-hour', aws('privatelink')),
  vpnHour: price(0.05, 'connection-hour', aws('vpn')),
  keyMonth: price(1, 'key-month', aws('kms')),
  keyRequests: price(3, 'million requests', aws('kms')),
  cacheStorage: price(0.084, 'GB-hour (Valkey)', 'usage.ai, ElastiCache Serverless pricing, June 2026', true),
  cacheUnits: price(0.0023, 'million ECPU (Valkey)', 'usage.ai, ElastiCache Serverless pricing, June 2026', true),
  daxHour: price(0.04, 'dax.t3.small-hour', aws('dynamodb')),
  trailEvents: price(1, 'million data events', aws('cloudtrail'), true),
  logIngest: price(0.5, 'GB', aws('cloudwatch')),
  activeUser: price(0.02, 'active user-month (Plus)', aws('cognito')),
} as const satisfies Record<string, Price>;
