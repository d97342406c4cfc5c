/** Where DynamoDB and its streams are reached, by region: https://docs.aws.amazon.com/general/latest/gr/ddb.html */

const suffix = (region: string): string => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

/** DynamoDB of the region, or the endpoint given. */
export const tableEndpoint = (region: string, endpoint: string | undefined): URL =>
  new URL(endpoint ?? `https://dynamodb.${region}.${suffix(region)}`);

/**
 * The streams endpoint. Servers that speak DynamoDB's protocol on a machine serve both under one address; AWS does not, so
 * where `endpoint` is an interface endpoint of AWS, the streams' own has to be given too.
 */
export const streamsEndpointOf = (region: string, endpoint: string | undefined, streams: string | undefined): URL =>
  new URL(streams ?? endpoint ?? `https://streams.dynamodb.${region}.${suffix(region)}`);
