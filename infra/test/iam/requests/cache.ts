/** Who signs in to the cache, and as which of its users: `elasticache:Connect` is asked of the cache and of the user, both. */
import { cacheName, cacheUsers } from '../../../src/names.ts';
import { example } from '../../support/variants.ts';
import { type Expectation, expect } from './expectation.ts';

const { activeRegion: region, workloadAccount: account } = example;
const cache = `arn:aws:elasticache:${region}:${account}:serverlesscache:${cacheName}`;
const foreignCache = `arn:aws:elasticache:${region}:${account}:serverlesscache:another`;
const userArn = (user: keyof typeof cacheUsers) => `arn:aws:elasticache:${region}:${account}:user:${cacheUsers[user]}`;
const connect = 'elasticache:Connect';

export const cacheSignIns: readonly Expectation[] = [
  expect('the service signs in to the cache', 'allowed', 'service', 'vpc', connect, cache),
  expect('the service signs in as its own user', 'allowed', 'service', 'vpc', connect, userArn('service')),
  expect('the service signs in as the fan-out’s user', 'identity', 'service', 'vpc', connect, userArn('fanout')),
  expect('the service signs in to another cache', 'identity', 'service', 'vpc', connect, foreignCache),
  expect('the fan-out signs in to the cache', 'allowed', 'fanout', 'vpc', connect, cache),
  expect('the fan-out signs in as its own user', 'allowed', 'fanout', 'vpc', connect, userArn('fanout')),
  expect('the fan-out signs in as the service’s user', 'identity', 'fanout', 'vpc', connect, userArn('service')),
  expect('a life-cycle task signs in to the cache', 'allowed', 'lifecycle', 'vpc', connect, cache),
  expect('a life-cycle task signs in as its own user', 'allowed', 'lifecycle', 'vpc', connect, userArn('lifecycle')),
  expect(
    'a life-cycle task signs in as the service’s user',
    'identity',
    'lifecycle',
    'vpc',
    connect,
    userArn('service'),
  ),
  expect(
    'the service signs in as the life-cycle tasks’ user',
    'identity',
    'service',
    'vpc',
    connect,
    userArn('lifecycle'),
  ),
  expect('the sign-up trigger signs in to the cache', 'identity', 'provision', 'vpc', connect, cache),
  expect('a signed-in user signs in to the cache', 'identity', 'reader', 'on-premises', connect, cache),
  expect('the key of an IAM user signs in to the cache', 'control', 'user', 'vpc', connect, cache),
];
