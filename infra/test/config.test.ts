/** A configuration that would deploy something wrong does not synthesise, and says why. */
import { describe, expect, it } from 'vitest';
import { type Config, problemsOf } from '../src/config.ts';
import { variants } from './support/variants.ts';

const { example } = variants;

describe('a configuration', () => {
  it.each(Object.entries(variants))('is right: %s', (_name, config) => {
    expect(problemsOf(config)).toEqual([]);
  });
  it.each<[string, Partial<Config>]>([
    ['region us-east-1 is not among allowedRegions', { region: 'us-east-1' }],
    ['region us-east-1 is not among allowedRegions', { replicaRegions: ['us-east-1'] }],
    ['availabilityZones needs three zones of eu-central-1', { availabilityZones: {} }],
    ['a region is named twice', { replicaRegions: ['eu-central-1'] }],
    ['activeRegion holds no replica of the table', { activeRegion: 'eu-west-1' }],
    [
      'streamArn is needed when activeRegion is not region',
      { activeRegion: 'eu-west-1', replicaRegions: ['eu-west-1'] },
    ],
    ['messagesKeys[0].id (mrk-…) is needed with replicaRegions', { replicaRegions: ['eu-west-1'] }],
    ['messagesKeys[0].id does not look like mrk-…', { messagesKeys: [{ use: 'wrap', id: 'alias/parley-messages' }] }],
    ['messagesKeys[1].use is none of wrap, read, none', { messagesKeys: [{ use: 'wrap' }, { use: 'old' as 'none' }] }],
    ['one of messagesKeys must be for "wrap"', { messagesKeys: [{ use: 'read' }] }],
    ['one of messagesKeys must be for "wrap"', { messagesKeys: [{ use: 'wrap' }, { use: 'wrap' }] }],
    ['123 is not an account number', { workloadAccount: '123' }],
    ['organization.id does not look like o-…', { organization: { ...example.organization, id: 'x' } }],
    ['imageDigest must be sha256:<64 hex digits>, never a tag', { imageDigest: 'latest' }],
    ['certificateArn is not of activeRegion', { certificateArn: 'arn:aws:acm:us-east-1:222222222222:certificate/x' }],
    ['tasks.min must be at least 3, one for each zone', { tasks: { min: 1, max: 4 } }],
    ['tasks.max is below tasks.min', { tasks: { min: 4, max: 3 } }],
    ['ceilings must be positive', { ceilings: { read: 0, write: 1 } }],
    [
      'every callback URL must be https',
      { signIn: { ...example.signIn, callbackUrls: ['http://parley.example.com'] } },
    ],
  ])('is refused: %s', (problem, change) => {
    expect(problemsOf({ ...example, ...change })).toContain(problem);
  });
});
