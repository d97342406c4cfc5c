/**
 * What differs between one deployment and another, read from a JSON file and checked before anything is built from it.
 * Accounts and identifiers in `config/example.json` are made up; the example is what the tests synthesise.
 */
import { readFileSync } from 'node:fs';

interface DirectConnect {
  /** An existing, physically installed connection or LAG (`dxcon-…`). */
  readonly connectionId: string;
  readonly vlan: number;
  readonly asn: number;
  /** The private ASN of the Direct Connect gateway on Amazon's side. */
  readonly amazonSideAsn: number;
}

/**
 * A key that data keys are wrapped with, and what it is for: `wrap`, new ones are wrapped under it; `read`, those that there are may
 * still be under it; `none`, nobody may use it, not yet or not any more.
 */
interface MessagesKey {
  readonly use: 'wrap' | 'read' | 'none';
  /** With replicas: its id (`mrk-…`), once the deployment of the keys of `region` has made it. */
  readonly id?: string;
}

export interface Config {
  readonly organization: { readonly id: string; readonly managementAccount: string; readonly workloadUnit: string };
  readonly workloadAccount: string;
  /** Where the organization's trail is kept: a delegated administrator of CloudTrail, not the account it watches. */
  readonly auditAccount: string;
  /** Where the tables are declared. */
  readonly region: string;
  /** Where the service and the fan-out run: `region`, or a replica region after an evacuation. */
  readonly activeRegion: string;
  readonly replicaRegions: readonly string[];
  /** Where the law and the organization allow the data to be. */
  readonly allowedRegions: readonly string[];
  readonly availabilityZones: { readonly [region: string]: readonly string[] };
  readonly tableName: string;
  /** On-demand ceilings in units a second: what a runaway client can cost at most. */
  readonly ceilings: { readonly read: number; readonly write: number };
  /** `private`: reachable through VPN or Direct Connect only. `public`: an internet gateway serves the load balancer alone. */
  readonly exposure: 'private' | 'public';
  readonly certificateArn: string;
  readonly imageDigest: string;
  readonly tasks: { readonly min: number; readonly max: number };
  readonly alarmEmail: string;
  /**
   * Whether the trail records what our own roles read and write, too. At size that costs more than the requests themselves
   * (docs/COST.md); without it, everybody else's requests are still recorded.
   */
  readonly recordOwnRoles: boolean;
  readonly vpcCidr: string;
  readonly onPremises: {
    readonly cidr: string;
    readonly vpn?: { readonly ip: string; readonly asn: number };
    readonly directConnect?: DirectConnect;
  };
  readonly signIn: { readonly domainPrefix: string; readonly callbackUrls: readonly string[] };
  readonly cache: {
    readonly daxNodeType: string;
    readonly valkeyMaxGigabytes: number;
    readonly valkeyMaxEcpuPerSecond: number;
  };
  /** Oldest first; only ever added to, for a key is known by its place. More than one where one follows another (docs/RUNBOOK.md). */
  readonly messagesKeys: readonly MessagesKey[];
  /** By replica region: its two table endpoints' ids, once both replica and network exist there. */
  readonly replicaEndpoints?: { readonly [region: string]: readonly string[] };
  /** After an evacuation: the replica's stream, which a template of another region cannot name. */
  readonly streamArn?: string;
}

const accountPattern = /^\d{12}$/;

/** What is wrong with a configuration, one sentence each; empty when nothing is. */
export function problemsOf(config: Config): string[] {
  const problems: string[] = [];
  const need = (holds: boolean, sentence: string) => {
    if (!holds) problems.push(sentence);
  };
  const regions = [config.region, ...config.replicaRegions];
  for (const region of regions) {
    need(config.allowedRegions.includes(region), `region ${region} is not among allowedRegions`);
    need((config.availabilityZones[region] ?? []).length === 3, `availabilityZones needs three zones of ${region}`);
  }
  need(new Set(regions).size === regions.length, 'a region is named twice');
  need(regions.includes(config.activeRegion), 'activeRegion holds no replica of the table');
  need(
    config.activeRegion === config.region || config.streamArn !== undefined,
    'streamArn is needed when activeRegion is not region',
  );
  need(config.messagesKeys.filter(({ use }) => use === 'wrap').length === 1, 'one of messagesKeys must be for "wrap"');
  for (const [index, { use, id }] of config.messagesKeys.entries()) {
    need(['wrap', 'read', 'none'].includes(use), `messagesKeys[${index}].use is none of wrap, read, none`);
    need(id === undefined || id.startsWith('mrk-'), `messagesKeys[${index}].id does not look like mrk-…`);
    need(
      config.replicaRegions.length === 0 || use === 'none' || id !== undefined,
      `messagesKeys[${index}].id (mrk-…) is needed with replicaRegions`,
    );
  }
  for (const account of [config.workloadAccount, config.auditAccount, config.organization.managementAccount])
    need(accountPattern.test(account), `${account} is not an account number`);
  need(/^o-[a-z0-9]{10,32}$/.test(config.organization.id), 'organization.id does not look like o-…');
  need(/^sha256:[0-9a-f]{64}$/.test(config.imageDigest), 'imageDigest must be sha256:<64 hex digits>, never a tag');
  need(config.certificateArn.includes(`:${config.activeRegion}:`), 'certificateArn is not of activeRegion');
  need(config.tasks.min >= 3, 'tasks.min must be at least 3, one for each zone');
  need(config.tasks.max >= config.tasks.min, 'tasks.max is below tasks.min');
  need(config.ceilings.read > 0 && config.ceilings.write > 0, 'ceilings must be positive');
  need(
    config.signIn.callbackUrls.every((url) => url.startsWith('https://')),
    'every callback URL must be https',
  );
  return problems;
}

/** Reads and checks a configuration; throws one error that lists everything wrong with it. */
export function loadConfig(path: string): Config {
  const config = JSON.parse(readFileSync(path, 'utf8')) as Config;
  const problems = problemsOf(config);
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  return config;
}
