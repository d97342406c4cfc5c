/** One seeded run: people talk through a fleet on a bad network, things crash, then it calms down and everything is checked. */
import type { Handle, UserUuid } from '#domain/ids';
import { createMemoryTable } from '#table/embedded/memory-table';
import { mainSchema } from '#table/schema';
import { findFaults, readAll } from './checks.ts';
import { createClient, emptyNotes, type Person } from './clients.ts';
import { calm, type Faults } from './faulty-table.ts';
import { Fleet } from './nodes.ts';
import { createTruth, type Mutation } from './truth.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly entries: number;
}

/** Virtual milliseconds that a run may take before it counts as hanging. */
const patienceMs = 240 * 60_000;
/** Time for late writes to land and for the fan-out to catch up, once the network is calm. */
const settleMs = 30_000;
/** How long runners wait at least between two looks meanwhile. */
const restMs = 1_000;

/** More steps than this by each of two or more fill a page of 50. */
const longSteps = 40;
const longShare = 0.04;

export const weathers = (world: World): Faults => ({
  lost: world.pick([0, 0.05, 0.15]),
  late: world.pick([0, 0.05, 0.1]),
  slow: world.pick([0, 0.15, 0.3]),
  throttled: world.pick([0, 0.05]),
  delayMs: world.pick([5, 20, 60]),
});

const createPeople = (world: World, count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({
    uuid: `1000000${index}-0000-4000-8000-00000000000${index}` as UserUuid,
    handle: `person_${index}` as Handle,
    skew: Math.round((world.random() * 8 - 4) * 60_000),
  }));

type Client = ReturnType<typeof createClient>;

/** What one person does, one thing after the other. */
const live = async (
  world: World,
  client: Client,
  me: Person,
  others: readonly Person[],
  steps: number,
): Promise<void> => {
  await client.provision();
  await world.wait(world.random() * 200);
  const wanted = others.map((other) => other.handle);
  // Mostly the same two, from both sides at once: conversations that are busy, and opened simultaneously.
  const partner = world.chance(0.8) ? (wanted[0] ?? me.handle) : world.pick(wanted);
  const conversations: string[] = [];
  const direct = await client.open([partner]);
  if (direct !== undefined) conversations.push(direct.uuid);
  if (wanted.length >= 2 && me.handle === 'person_0' && world.chance(0.7)) {
    const group = await client.open(wanted, 'the group');
    if (group !== undefined) conversations.push(group.uuid);
  }
  for (let step = 0; step < steps && conversations.length > 0; step += 1) {
    const conversation = world.pick(conversations);
    const sent = await client.send(conversation, `${me.handle} ${step}`);
    if (sent !== undefined && world.chance(0.2)) await client.edit(conversation, sent, `${me.handle} ${step} edited`);
    if (sent !== undefined && world.chance(0.3)) await client.read(conversation, sent.seq);
    if (world.chance(0.3)) await client.scroll(conversation);
    if (steps > longSteps && world.chance(0.3)) await client.touch(conversation);
    if (sent !== undefined && world.chance(0.08)) await client.delete(conversation, sent.seq);
    if (sent !== undefined && world.chance(0.08)) await client.unread(conversation, world.below(sent.seq + 1));
    if (world.chance(0.08)) await client.rename({ display_name: `${me.handle} the ${step}th` });
    if (world.chance(0.05)) {
      await client.rename({ handle: world.pick([`${me.handle}_too`, 'wanted_by_all']) as Handle });
      await client.rename({ handle: me.handle });
    }
    if (world.chance(0.04)) {
      const { handle } = world.pick(others);
      await Promise.all([true, false].map((on) => client.block(handle, on)));
      await client.block(handle, false);
    }
    if (world.chance(0.05)) await client.touch(conversation);
    if (world.chance(0.1)) {
      const handle = world.pick([...others, me]).handle;
      await client.change(conversation, (node, uuid) =>
        world.chance(0.5)
          ? node.messenger.removeParticipant({ user: me.uuid }, uuid, handle)
          : node.messenger.addParticipant({ user: me.uuid }, uuid, handle),
      );
    }
    await world.wait(world.random() * 300);
  }
  // Whoever has talked for long looks back together with the others, and reacts to what they read.
  const [conversation] = conversations;
  if (steps <= longSteps || conversation === undefined) return;
  for (let step = 0; step < steps; step += 1) {
    const { touch, scroll } = client;
    // Changes in quick succession among readings, then time in which what was wrongly kept would show.
    const acts = world.chance(0.15) ? [touch, scroll, touch, scroll, touch] : [scroll];
    await Promise.all(acts.map((act) => world.wait(world.random() * 100).then(() => act(conversation))));
    await world.wait(world.random() * 400);
  }
};

export const runSeed = async (seed: number, mutation?: Mutation): Promise<Outcome> => {
  const world = new World(seed);
  const notes = emptyNotes();
  const table = createMemoryTable({ schema: mainSchema, name: 'sim', now: () => world.now });
  const truth = createTruth(table, mutation, (what) => notes.wrong.push(what));
  // With word that may not come nothing is promised before the expiry: a broken cache could not be told from a whole one.
  const deafCaches = world.chance(0.5) && mutation !== 'CACHE';
  const fleet = new Fleet(world, truth, world.pick([1, 3, 5]), world.pick([1, 1, 2, 3]), weathers(world), {
    deafCaches,
    mutation,
  });
  const people = createPeople(world, world.pick([2, 3, 4]));

  // Long lives cost time; a broken cache shows in nothing else.
  const long = world.chance(longShare) || mutation === 'CACHE';
  let living = people.length;
  let erased: Promise<void> | undefined;
  let erase = async (): Promise<void> => undefined;
  const goes = world.chance(0.3) ? world.pick(people) : undefined;
  for (const me of people) {
    const client = createClient(world, fleet, notes, me, deafCaches);
    const others = people.filter((person) => person !== me);
    // Some talk long enough for pages to close.
    const steps = long ? longSteps + 1 + world.below(20) : 4 + world.below(8);
    live(world, client, me, others, steps)
      .catch((error: unknown) => notes.wrong.push(`a client failed: ${String(error)}`))
      .finally(() => {
        living -= 1;
      });
    // In the middle of what they do, of which some is still under way.
    if (me === goes) {
      erase = client.erase;
      erased = world.wait(2_000 + world.random() * 6_000).then(erase);
    }
  }
  const crashes = (): void => {
    if (living === 0) return;
    const blow = world.pick(['node', 'node', 'runner', 'stall'] as const);
    if (blow === 'node') fleet.crash(world.below(fleet.nodes.length));
    else if (blow === 'runner') fleet.crashRunner();
    else fleet.stallRunner();
    if (world.chance(0.3)) fleet.weather(weathers(world));
    world.after(500 + world.random() * 4_000, crashes);
  };
  if (world.chance(0.7)) world.after(world.random() * 2_000, crashes);

  let finished: string[] | undefined;
  const conclude = async (): Promise<void> => {
    fleet.weather(calm);
    fleet.rest(restMs);
    await erased;
    await world.wait(settleMs);
    // What the fan-out came by too late for the erasure it has noted anew.
    await erase();
    fleet.crash(0);
    const [fresh] = fleet.nodes;
    if (fresh === undefined) throw new Error('a fleet has a node');
    finished = await findFaults(await readAll(table), fresh.messenger, people, notes);
  };
  try {
    await world.until(() => living === 0, patienceMs);
    conclude().catch((error: unknown) => {
      finished = [`the check failed: ${error instanceof Error ? error.stack : String(error)}`];
    });
    await world.until(() => finished !== undefined, patienceMs);
  } catch (error) {
    finished = [...notes.wrong, error instanceof Error ? error.message : String(error)];
  }
  return { seed, faults: finished ?? [], entries: notes.acknowledged.size };
};
