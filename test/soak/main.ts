/**
 * `npm run soak -- --minutes 10 [--nodes 5] [--people 20] [--share 0.05] [--seed N]`: real server processes over one DynamoDB
 * server behind the fault proxy, and one Valkey server that dies now and then; people of the client SDK talk, change and
 * scroll; nodes are killed and started again, but for the first, which is only stalled and whose memory is watched. Then it calms down, and everything
 * is checked: the log in the table, what each node serves of it, every client, every inbox, that leases were taken over, and
 * that memory stayed flat. Prints figures; ends with 1 when anything is wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createPatterns } from '#store/patterns';
import { createDynamoAdmin } from '#table/dynamodb/admin';
import { createDynamoTable } from '#table/dynamodb/table';
import { keysSchema, mainSchema } from '#table/schema';
import { startDynamoServer, testRegion } from '../support/dynoxide.ts';
import { type Fault, faults, seeded, startFaultProxy, storm } from '../support/fault-proxy.ts';
import { startValkeyServer } from '../support/valkey.ts';
import { rowFault, viewFault } from './checks.ts';
import { type NodeProcess, startNode } from './nodes.ts';
import { faultOf, settled, startTalker, type Talker } from './talkers.ts';
import { watchLeases, watchMemory } from './watch.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '5' },
    people: { type: 'string', default: '20' },
    share: { type: 'string', default: '0.05' },
    seed: { type: 'string', default: '1' },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const random = seeded(Number(values.seed));
const groupSize = 5;
/** A person does something about this often. */
const paceMs = 400;
/** Something breaks about this often: a node, or Valkey. */
const blowMs = 20_000;
/** Longer than a lease. */
const stallMs = 11_000;
const settleMsMax = 180_000;
const unsentMax = 5;
/** The soak's own looks at the table wait for a machine that is busy with the soak. */
const lookMsMax = 120_000;
const progressMs = 60_000;
/** What a node's caches may come to hold between the first third and the last: their bound. */
const memoryGrowthMax = 64 * 1024 * 1024;
/** All but the expired token, of which a table with fixed credentials cannot be rid. */
const weather: readonly Fault[] = faults.filter((fault) => fault !== 'expired_token');

const pick = <T>(list: readonly T[]): T => {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
};
/** Before the weather begins, on a machine that may be busy: asked again until there is an answer, or too many failed. */
const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
};
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), 'parley-soak-'));
const credentials = { AWS_ACCESS_KEY_ID: 'soak', AWS_SECRET_ACCESS_KEY: 'soak' };
Object.assign(process.env, credentials);
const [dynamo, valkey] = await Promise.all([startDynamoServer(), startValkeyServer()]);
const proxy = await startFaultProxy(dynamo.endpoint, { delayMs: 200 });
const admin = createDynamoAdmin({ region: testRegion, endpoint: dynamo.endpoint, sleep: () => Promise.resolve() });
await admin.createTable('parley', mainSchema);
await admin.createTable('parley-keys', keysSchema);

const complaints = new Map<string, number>();
const complain = (message: string): void => void complaints.set(message, (complaints.get(message) ?? 0) + 1);
const environment = {
  ...credentials,
  PARLEY_DATA: folder,
  DYNAMODB_ENDPOINT: proxy.endpoint,
  DYNAMODB_TABLE: 'parley',
  VALKEY_URL: valkey.url,
  LOG_LEVEL: 'error',
  RATE_LIMIT_PER_USER: '1000',
  RATE_LIMIT_PER_ADDRESS: '10000',
};
const nodes: NodeProcess[] = [];
for (let index = 0; index < Number(values.nodes); index += 1) nodes.push(await startNode(environment, complain));
const [unharmed] = nodes;
if (unharmed === undefined) throw new Error('a soak needs a node');
const talkers: Talker[] = [];
for (let index = 0; index < Number(values.people); index += 1) {
  const node = nodes[index % nodes.length];
  if (node !== undefined) talkers.push(await startTalker(node.url, `soaker_${index}`, node.startedAt));
}
const groups: { readonly uuid: string; readonly members: readonly Talker[] }[] = [];
for (let first = 0; first < talkers.length; first += groupSize) {
  // Neighbours by number sit at different nodes.
  const members = talkers.slice(first, first + groupSize);
  const [maker, ...others] = members;
  if (maker === undefined || others.length < 2) continue;
  const title = `group ${groups.length}`;
  const { uuid } = await patiently(() =>
    maker.api.createConversation({ title, handles: others.map(({ handle }) => handle) }),
  );
  for (const member of members) member.timeline(uuid);
  groups.push({ uuid, members });
}
say(
  `${nodes.length} nodes, ${talkers.length} people in ${groups.length} groups, ${values.minutes} minutes, seed ${values.seed}`,
);

const counts = {
  sent: 0,
  edits: 0,
  reactions: 0,
  pages: 0,
  refused: 0,
  heldBack: 0,
  nodesKilled: 0,
  nodesStalled: 0,
  valkeyKilled: 0,
};
/** Every text that was sent or edited to, by the uuid it was sent under. */
const attempted = new Map<string, Set<string>>();
let over = false;

const live = async (me: Talker, conversation: string): Promise<void> => {
  const attempt = async (name: 'edits' | 'reactions' | 'pages', run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
      counts[name] += 1;
    } catch {
      counts.refused += 1;
    }
  };
  for (let number = 0; !over; number += 1) {
    await sleep(paceMs * (0.5 + random()));
    const timeline = me.timeline(conversation);
    const { newestSeq } = timeline.getSnapshot();
    const act = random();
    if (act < 0.6 || newestSeq < 2) {
      // Nobody writes on while nothing gets out: a busy machine sees fewer messages, not longer queues.
      if (me.session.sends.getSnapshot().length >= unsentMax) {
        counts.heldBack += 1;
        continue;
      }
      const text = `${me.handle} ${number}`;
      attempted.set(timeline.send(text), new Set([text]));
      counts.sent += 1;
      continue;
    }
    const seq = 2 + Math.floor(random() * (newestSeq - 1));
    if (act < 0.7) await attempt('reactions', () => me.api.addReaction(conversation, seq, '👍'));
    else if (act < 0.75) {
      const snapshot = timeline.getSnapshot();
      const entry = snapshot.at(Math.max(0, snapshot.indexOfSeq(seq)));
      const mine = entry?.kind === 'message' && entry.message.user_uuid === me.uuid && entry.message.kind === 'text';
      if (!mine) continue;
      const text = `${me.handle} ${number} edited`;
      attempted.get(entry.message.uuid)?.add(text);
      await attempt('edits', () => timeline.edit(entry.message.seq, text));
    } else await attempt('pages', () => me.api.messages(conversation, { limit: 50, before_seq: seq + 1 }));
  }
};

const blow = async (): Promise<void> => {
  while (!over) {
    await sleep(Math.min(blowMs, durationMs / 4) * (0.5 + random()));
    if (over) return;
    if (random() < 0.3) {
      counts.valkeyKilled += 1;
      await valkey.kill();
      await sleep(1_000);
      await valkey.start();
    } else {
      const node = pick(nodes);
      leases.struck();
      if (node === unharmed) {
        // Long enough that others take over what it holds; then it goes on, and believes that nothing happened.
        counts.nodesStalled += 1;
        node.pause();
        await sleep(stallMs);
        node.resume();
      } else {
        counts.nodesKilled += 1;
        await node.stop('SIGKILL');
        await sleep(500);
        await node.start();
      }
    }
  }
};

const table = createDynamoTable({
  name: 'parley',
  schema: mainSchema,
  region: testRegion,
  endpoint: dynamo.endpoint,
  now: Date.now,
  random,
  attemptMs: lookMsMax,
});
const patterns = createPatterns(
  table,
  () => undefined,
  () => 0,
);
const leases = watchLeases(table.feed, patterns);
const memory = watchMemory(unharmed.pid);
proxy.decide(storm(random, Number(values.share), weather));
const begun = Date.now();
const living = groups.flatMap(({ uuid, members }) => members.map((member) => live(member, uuid)));
const blowing = blow();
const progress = setInterval(() => {
  const unsent = talkers.reduce((sum, { session }) => sum + session.sends.getSnapshot().length, 0);
  say(
    `${((Date.now() - begun) / 60_000).toFixed(0)} min: ${counts.sent} sent, ${unsent} of them on the way, ${memory.text()}`,
  );
}, progressMs);
await sleep(durationMs);
over = true;
clearInterval(progress);
await Promise.all([...living, blowing]);
const ranSeconds = (Date.now() - begun) / 1_000;
leases.stop();
memory.stop();
proxy.decide(() => undefined);
say(`ran ${ranSeconds.toFixed(0)} s; now calm`);

const wrong: string[] = [];
/** Waits until nobody has anything against it; what they still have then is noted. */
const expectSoon = (find: () => string | undefined): Promise<void> =>
  settled(find, settleMsMax).catch((error: Error) => {
    say(`WRONG ${error.message}`);
    wrong.push(error.message);
  });
const calm = Date.now();

let entries = 0;
/** How long after the calm a node still served something older than the table holds. */
let coherentMs = 0;
const seen = new Set<string>();
for (const { uuid, members } of groups) {
  const idle = () =>
    members.map((one) => (one.session.sends.getSnapshot().length > 0 ? one.handle : undefined)).find(Boolean);
  await expectSoon(() => idle() && `${idle()} still sends`);
  const log = [];
  for (let after = 0; ; ) {
    const { items, next } = await patterns.readEntriesAfter(uuid, after, 250, { deadline: Date.now() + lookMsMax });
    log.push(...items);
    after = log.at(-1)?.seq ?? after;
    if (next === undefined) break;
  }
  entries += log.length;
  for (const [index, entry] of log.entries()) {
    if (entry.seq !== index + 1) wrong.push(`[LOG-2] a gap before ${entry.seq}`);
    if (entry.created_at <= (log[index - 1]?.created_at ?? '')) wrong.push(`[LOG-6] time stands still at ${entry.seq}`);
    if (seen.has(entry.uuid)) wrong.push(`[LOG-4] ${entry.uuid} twice`);
    seen.add(entry.uuid);
    if (entry.kind === 'text' && !attempted.has(entry.uuid)) wrong.push(`[LOG-8] nobody sent ${entry.uuid}`);
  }
  const head = log.length;
  say(`${uuid}: ${head} entries`);
  const behind = () => members.map((member) => faultOf(member, uuid, head)).find((fault) => fault !== undefined);
  const refreshing = setInterval(() => {
    for (const member of members) {
      void member.timeline(uuid).refresh();
      void member.session.inbox.refresh().catch(() => undefined);
    }
  }, 2_000);
  await expectSoon(() => behind() && `[LIVE-2] ${behind()}`);
  const newest = log.at(-1);
  for (const member of members) await expectSoon(() => rowFault(member, uuid, newest));
  clearInterval(refreshing);
  const looked = Date.now();
  for (const member of members) {
    let fault = await viewFault(member, uuid, log, attempted);
    while (fault !== undefined && Date.now() - looked < settleMsMax) {
      coherentMs = Date.now() - looked;
      await sleep(250);
      fault = await viewFault(member, uuid, log, attempted);
    }
    if (fault !== undefined) wrong.push(`[SEC-5] [PAGE-2] ${fault}`);
  }
}
for (const uuid of attempted.keys()) if (!seen.has(uuid)) wrong.push(`[LOG-8] ${uuid} was sent and is not in the log`);

const met = weather.map((fault) => `${fault} ${proxy.met(fault)}`).join(', ');
say(`checked ${((Date.now() - calm) / 1_000).toFixed(1)} s later`);
say(
  `${counts.sent} sent, ${entries} entries, ${(counts.sent / ranSeconds).toFixed(1)} a second; ${counts.edits} edits, ${counts.reactions} reactions, ${counts.pages} pages read, ${counts.refused} of these refused, ${counts.heldBack} sends held back`,
);
say(`${proxy.requests()} requests of the table; faults: ${met}`);
say(`${counts.nodesKilled} nodes killed, ${counts.nodesStalled} stalled, Valkey killed ${counts.valkeyKilled} times`);
say(
  `the lease of the feed changed hands ${leases.takeovers()} times, at the longest ${(leases.longestMs() / 1_000).toFixed(1)} s after a blow`,
);
say(`every node served what the table holds within ${(coherentMs / 1_000).toFixed(1)} s of being asked`);
say(`memory of the node that lived: ${memory.text()}`);
if (leases.takeovers() === 0) wrong.push('[INBOX-5] no lease was ever taken over');
if (memory.grewBytes() > memoryGrowthMax) wrong.push(`memory grew by ${memory.grewBytes()} bytes`);
for (const [message, count] of complaints) say(`logged ${count} times: ${message}`);
for (const fault of wrong.slice(0, 20)) say(`WRONG ${fault}`);
say(wrong.length === 0 ? 'nothing is wrong' : `${wrong.length} things are wrong`);

for (const talker of talkers) talker.stop();
for (const node of nodes) await node.stop('SIGKILL');
await table.close();
await proxy.close();
await valkey.stop();
await dynamo.stop();
await rm(folder, { recursive: true, force: true });
process.exit(wrong.length === 0 ? 0 : 1);
