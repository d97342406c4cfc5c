/** Addition as DynamoDB does it, in decimal: 0.1 + 0.2 is 0.3, which doubles do not say. */

import { TableError } from './errors.ts';

/** The precision of DynamoDB's numbers. */
const DIGITS_MAX = 38;

interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const decimal = (value: number): Decimal => {
  const [mantissa = '0', exponent = '0'] = value.toString().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(exponent) - fraction.length };
};

/**
 * The sum of the decimals that two finite doubles stand for (their shortest forms), as the nearest double. Throws
 * `invalid` for a sum of more than 38 digits, which DynamoDB does not hold.
 */
export const addNumbers = (left: number, right: number): number => {
  const sum = left + right;
  if (Number.isSafeInteger(left) && Number.isSafeInteger(right) && Number.isSafeInteger(sum)) return sum;
  const a = decimal(left);
  const b = decimal(right);
  const exponent = Math.min(a.exponent, b.exponent);
  const digits = a.digits * 10n ** BigInt(a.exponent - exponent) + b.digits * 10n ** BigInt(b.exponent - exponent);
  if (digits.toString().replace(/^-/, '').replace(/0+$/, '').length > DIGITS_MAX) {
    throw new TableError('invalid', `the sum ${left} + ${right} has more than ${DIGITS_MAX} digits`);
  }
  return Number(`${digits}e${exponent}`);
};
