/** `parley/lambda`: the fan-out behind a DynamoDB stream. */
export { handler as fanout } from '#lambda/fanout';
