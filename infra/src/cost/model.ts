/**
 * What a month costs: a workload in operations, units from the list of access patterns (which tests hold to what is measured),
 * prices. Everything that is assumed and not measured is in `Workload`, so that it can be argued with.
 */
import { catalog, type PatternName } from '../../../src/store/catalog.ts';
import { prices } from './prices.ts';

export interface Workload {
  /** People who sign in at least once in the month. */
  readonly monthlyUsers: number;
  /** The share of them who come on a given day. */
  readonly dailyShare: number;
  /** By each person of a day. */
  readonly messages: number;
  readonly pages: number;
  readonly inboxes: number;
  readonly readMarks: number;
  /** Participants of a conversation, averaged over messages. */
  readonly participants: number;
  /** Entries of one conversation that reach the fan-out in one batch, on average. */
  readonly burst: number;
  /** The share of pages that no cache has. */
  readonly pageMisses: number;
  /** The busiest second, as a multiple of the average. */
  readonly peak: number;
  /** Requests a second, and open streams, that one task of 1 vCPU serves. */
  readonly requestsPerTask: number;
  readonly streamsPerTask: number;
  /** The share of a day's people with an open stream at the peak. */
  readonly streaming: number;
  /** Months of messages that are kept, at this size. */
  readonly monthsKept: number;
}

/** A guess at people's habits, the same at every size. */
export const habits: Omit<Workload, 'monthlyUsers'> = {
  dailyShare: 0.4,
  messages: 20,
  pages: 40,
  inboxes: 15,
  readMarks: 20,
  participants: 2.2,
  burst: 1.3,
  pageMisses: 0.5,
  peak: 4,
  requestsPerTask: 500,
  streamsPerTask: 2_500,
  streaming: 0.25,
  monthsKept: 12,
};

const days = 30;
const hours = 730;
/** Bytes of an item of each kind, keys, ciphertext and index entry included. */
const bytes = { message: 700, row: 1_600, user: 900 };
/** Of those, per copy of an item, what DynamoDB stores and charges for beside it, but does not count in what it reads. */
const overheadBytes = 100;
/** Of messages, and of rows of the index. */
const pageItems = 20;
/** Read units of a page, not consistent, of items of so many bytes: half of one for each 4 KB begun. */
export const pageUnits = {
  messages: Math.ceil((pageItems * (bytes.message - overheadBytes)) / 4_096) / 2,
  rows: Math.ceil((pageItems * (bytes.row / 2 - overheadBytes)) / 4_096) / 2,
} as const;
/** Conversations a person is in. */
const conversationsEach = 25;
/** Entries of different conversations that a second's window gathers in a shard, on average; and what a batch takes. */
const entriesPerBatch = 20;
const batchSeconds = 0.2;
const batchGigabytes = 0.5;
/** Bytes of a data event in CloudWatch Logs. */
const eventBytes = 1_500;
/** Of a page that is looked for, and of an event that crosses the bus, each some 4 KB: a message's, and each row's that it changed. */
const cacheUnitsEach = 4;
/** Data keys are cached: requests to KMS for each message or page. */
const keyRequestsEach = 0.05;

/** The units a pattern costs, read from the catalog's own words: the number before `write` or `read`. */
export function unitsOf(name: PatternName): { readonly read: number; readonly write: number } {
  const { cost } = catalog[name];
  const [, amount, kind] = /^([\d.]+) (read|write)s?/.exec(cost) ?? [];
  if (amount === undefined) throw new Error(`the cost of ${name}, "${cost}", does not begin with a number of units`);
  return { read: kind === 'read' ? Number(amount) : 0, write: kind === 'write' ? Number(amount) : 0 };
}

export interface Line {
  readonly item: string;
  readonly quantity: string;
  readonly dollars: number;
}

const million = 1_000_000;
const giga = 1_000_000_000;

const compact = (value: number): string =>
  new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(value);

/** The month's bill, line by line; the lines that follow from the deployment rather than from traffic come last. */
export function billOf(workload: Workload): Line[] {
  const w = workload;
  const people = w.monthlyUsers * w.dailyShare * days;
  const messages = people * w.messages;
  const rowUpdates = (messages * w.participants) / w.burst;
  const pages = people * w.pages;
  const pageReads = pages * w.pageMisses;
  const inboxes = people * w.inboxes;
  const readMarks = people * w.readMarks;
  const writes =
    messages * unitsOf('appendEntry').write +
    rowUpdates * unitsOf('updateMessageGroup').write +
    readMarks * unitsOf('changeInboxRow').write;
  const reads = pageReads * pageUnits.messages + inboxes * pageUnits.rows;
  const tableRequests = messages + rowUpdates + readMarks + pageReads + inboxes;
  const apiRequests = messages + pages + inboxes + readMarks;
  const gigabytes =
    (messages * w.monthsKept * bytes.message + w.monthlyUsers * (conversationsEach * bytes.row + bytes.user)) / giga;
  const peakRequests = (apiRequests / (days * 86_400)) * w.peak;
  const streams = w.monthlyUsers * w.dailyShare * w.streaming;
  const tasks = Math.max(3, Math.ceil(peakRequests / w.requestsPerTask), Math.ceil(streams / w.streamsPerTask));
  const batches = messages / (w.burst * entriesPerBatch);
  const cacheGigabytes = Math.max(0.1, Math.min(gigabytes * 0.01, 5_000));

  const line = (item: string, quantity: string, dollars: number): Line => ({ item, quantity, dollars });
  const per = (amount: number, unit: number, at: { readonly dollars: number }) => (amount / unit) * at.dollars;
  return [
    line('DynamoDB writes', `${compact(writes)} units`, per(writes, million, prices.writeUnit)),
    line('DynamoDB reads', `${compact(reads)} units`, per(reads, million, prices.readUnit)),
    line('DynamoDB storage', `${compact(gigabytes)} GB`, per(gigabytes, 1, prices.tableStorage)),
    line(
      'Recovery and backups',
      `${compact(gigabytes)} GB, twice`,
      per(gigabytes, 1, prices.recovery) + per(gigabytes, 1, prices.backup),
    ),
    line(
      'Contributor insights',
      `${compact(tableRequests)} events`,
      per(tableRequests * 2, million, prices.insightEvents),
    ),
    line(
      'Fan-out (Lambda)',
      `${compact(batches)} batches`,
      per(batches, million, prices.lambdaRequests) + per(batches * batchSeconds * batchGigabytes, 1, prices.lambdaTime),
    ),
    line(
      'API (Fargate)',
      `${compact(tasks)} tasks`,
      tasks * hours * (prices.taskCpu.dollars + 2 * prices.taskMemory.dollars),
    ),
    line(
      'Load balancer and web ACL',
      `${compact(apiRequests)} requests`,
      hours * prices.balancerHour.dollars +
        hours * Math.max(1, peakRequests / w.peak / 1_000, streams / 3_000) * prices.balancerUnit.dollars +
        2 * prices.aclMonth.dollars +
        8 * prices.aclRules.dollars +
        per(apiRequests, million, prices.aclRequests),
    ),
    line(
      'Valkey and DAX',
      `${compact(cacheGigabytes)} GB`,
      cacheGigabytes * hours * prices.cacheStorage.dollars +
        per((pages + messages + rowUpdates) * cacheUnitsEach, million, prices.cacheUnits) +
        3 * hours * prices.daxHour.dollars,
    ),
    line('Data keys (KMS)', `${compact((messages + pages) * keyRequestsEach)} requests`, keyCost(messages + pages)),
    line(
      'Endpoints and VPN',
      '7 in 3 zones',
      7 * 3 * hours * prices.endpointHour.dollars + hours * prices.vpnHour.dollars,
    ),
    line('Sign-in (Cognito Plus)', `${compact(w.monthlyUsers)} users`, per(w.monthlyUsers, 1, prices.activeUser)),
    line(
      'Trail of our own requests (`recordOwnRoles`)',
      `${compact(tableRequests)} events`,
      per(tableRequests, million, prices.trailEvents) + per(tableRequests * eventBytes, giga, prices.logIngest),
    ),
  ];
}

const keyCost = (operations: number): number =>
  4 * prices.keyMonth.dollars + (operations * keyRequestsEach * prices.keyRequests.dollars) / million;
