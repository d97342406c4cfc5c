/**
 * What DynamoDB charges for a request, on demand, Standard table class, US East (N. Virginia): the prices in force since
 * 1 November 2024, as https://aws.amazon.com/dynamodb/pricing/on-demand/ states them (read in November 2026).
 */
export const priceSource = {
  name: 'Amazon DynamoDB on-demand, us-east-1, Standard class',
  since: '1 November 2024',
  read: 'November 2026',
  address: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
} as const;

const dollarsPerMillionReads = 0.125;
const dollarsPerMillionWrites = 0.625;

export interface Units {
  readonly read_units: number;
  readonly write_units: number;
}

/** US dollars for a million requests that consume so much each. */
export const dollarsPerMillion = ({ read_units, write_units }: Units): number =>
  read_units * dollarsPerMillionReads + write_units * dollarsPerMillionWrites;

/** US dollars for what was consumed. */
export const dollars = (units: Units): number => dollarsPerMillion(units) / 1e6;

/** Small sums keep two digits that mean something. */
export function formatDollars(value: number): string {
  if (value === 0) return '$0';
  if (value >= 0.01) return `$${value.toFixed(value < 1 ? 3 : 2)}`;
  return `$${value.toFixed(1 - Math.floor(Math.log10(value)))}`;
}

export const formatUnits = (units: number): string => (Number.isInteger(units) ? String(units) : units.toFixed(1));
