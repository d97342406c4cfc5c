/** The deployments that the tests synthesise: the example, and one that turns every option the other way. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../../src/config.ts';

const infra = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const example: Config = loadConfig(join(infra, 'config', 'example.json'));

export const variants = {
  /** What `config/example.json` says: private, one region, a VPN. */
  example,
  /** A public load balancer, a replica, a Direct Connect in place of the VPN, and a wrapping key that has followed another. */
  wide: {
    ...example,
    exposure: 'public',
    recordOwnRoles: false,
    replicaRegions: ['eu-west-1'],
    replicaEndpoints: { 'eu-west-1': ['vpce-0123456789abcdef0', 'vpce-0123456789abcdef1'] },
    messagesKeys: [
      { use: 'read', id: 'mrk-00000000000000000000000000000000' },
      { use: 'wrap', id: 'mrk-00000000000000000000000000000001' },
      { use: 'none' },
    ],
    onPremises: {
      cidr: '10.200.0.0/16',
      directConnect: { connectionId: 'dxcon-ffffffff', vlan: 101, asn: 65010, amazonSideAsn: 64512 },
    },
  },
  /** The service moved to the replica's region. */
  evacuated: {
    ...example,
    replicaRegions: ['eu-west-1'],
    messagesKeys: [{ use: 'wrap', id: 'mrk-00000000000000000000000000000000' }],
    activeRegion: 'eu-west-1',
    certificateArn: 'arn:aws:acm:eu-west-1:222222222222:certificate/00000000-0000-4000-8000-000000000000',
    streamArn: 'arn:aws:dynamodb:eu-west-1:222222222222:table/parley/stream/2026-01-01T00:00:00.000',
  },
} as const satisfies Record<string, Config>;

export type VariantName = keyof typeof variants;
