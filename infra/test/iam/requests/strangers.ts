/** Strangers, and Amazon itself. */
import { tableArn } from '../../../src/names.ts';
import { example } from '../../support/variants.ts';
import { anything, type Expectation, expect, foreignTable, leading, main } from './expectation.ts';

export const strangers: readonly Expectation[] = [
  expect('a stranger reads the table', 'resource', 'stranger', 'internet', 'dynamodb:GetItem', main, leading('MSG#1')),
  expect(
    'a stranger inside the VPC, with a session of their own, copies to their table',
    'endpoint',
    'stranger',
    'vpc',
    'dynamodb:PutItem',
    foreignTable,
    leading('MSG#1'),
  ),
  expect(
    'our administrator copies to a stranger’s table through the endpoint',
    'endpoint',
    'administrator',
    'vpc',
    'dynamodb:PutItem',
    foreignTable,
    leading('MSG#1'),
  ),
  expect(
    'our administrator reads another table of ours through the endpoint',
    'endpoint',
    'administrator',
    'vpc',
    'dynamodb:GetItem',
    tableArn(example, 'other'),
    leading('x'),
  ),
  expect(
    'the SDK finds the endpoint from inside the VPC',
    'allowed',
    'administrator',
    'vpc',
    'dynamodb:DescribeEndpoints',
    anything,
  ),
  expect('DynamoDB replicates', 'allowed', 'replication', 'inside AWS', 'dynamodb:PutItem', main, leading('MSG#1')),
];
