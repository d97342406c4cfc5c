/**
 * Prices of us-east-1 in US dollars, on demand. DynamoDB's halved on 1 November 2024. Taxes, transfer, the service that answers
 * requests, KMS and logs are not in them.
 */
export const priceSources = {
  date: '2026-11-22',
  region: 'us-east-1',
  dynamodb: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  lambda: 'https://aws.amazon.com/lambda/pricing/',
} as const;

export const dollarsPerMillionWriteUnits = 0.625;
export const dollarsPerMillionReadUnits = 0.125;
export const dollarsPerGigabyteMonth = 0.25;
/** Recovery by point in time. */
export const dollarsPerBackupGigabyteMonth = 0.2;
export const dollarsPerMillionInvocations = 0.2;
/** Arm, first tier. */
export const dollarsPerGigabyteSecond = 0.000_013_333_4;
/** Memory of the fan-out's function. */
export const functionGigabytes = 0.25;
/** A month as AWS bills hours: 730 of them. */
export const daysPerMonth = 730 / 24;
