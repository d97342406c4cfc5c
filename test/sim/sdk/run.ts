/** One seeded run of the SDK: devices talk through a fleet over a bad network, then it calms down and each must show the log. */
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import type { Messenger } from '#messenger/messenger';
import type { MessageView } from '#messenger/views';
import { createMemoryTable } from '#table/embedded/memory-table';
import { mainSchema } from '#table/schema';
import { findFaults, readAll } from '../checks.ts';
import { emptyNotes, type Notes, type Person } from '../clients.ts';
import { calm } from '../faulty-table.ts';
import { Fleet } from '../nodes.ts';
import { type Outcome, weathers } from '../run.ts';
import { createTruth } from '../truth.ts';
import { World } from '../world.ts';
import { createActs, type Tried } from './acts.ts';
import { findClientFaults } from './checks.ts';
import { type ClientMutation, createDevice, type Device } from './device.ts';
import { clearNetwork, createClientNetwork, type NetworkFaults, type NetworkWatch } from './network.ts';
import { createServices, type Request } from './service.ts';

/** Virtual milliseconds that a run may take before it counts as hanging. */
const patienceMs = 2 * 3_600_000;
/** Streams hand a piece on in several turns of the event loop. */
const turns = 2;
/** Time for what is under way to arrive, for a lease of the fan-out to run out, and for what is doubtful to be asked again. */
const settleMs = 12_000;
/** Clients that were cut off are there again within this. */
const reconnectMsMax = 60_000;
/** Word of a change may have been lost: by then caches have expired, and after that each client has fetched once more. */
const unheardMs = 12 * 60_000;
const unheardShare = 0.05;
/** How long runners of the fan-out wait at least between two looks while minutes pass in which only a clock moves on. */
const restMs = 5_000;
/** A send may wait until the server's clock reaches its uuid: minutes. */
const sendMsMax = 20 * 60_000;
/** Minutes by which the nodes' clocks are wrong: together less than the five that a uuid may be ahead, and more. */
const skews = [0, -2, 4];

const networkWeathers = (world: World): NetworkFaults => ({
  delayMs: world.pick([10, 100, 2_000]),
  requestLost: world.pick([0, 0.05, 0.2]),
  answerLost: world.pick([0, 0.1, 0.3]),
  hangs: world.pick([0, 0, 0.03]),
  twice: world.pick([0, 0.1]),
  cut: world.pick([0, 0.02, 0.1]),
  slow: world.pick([0, 0, 0.02]),
});

const createPeople = (world: World, count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({
    uuid: `2000000${index}-0000-4000-8000-00000000000${index}` as UserUuid,
    handle: `person_${index}` as Handle,
    skew: Math.round((world.random() * 8 - 4) * 60_000),
  }));

/** The sends that left a device, and those that a node answered: from then on they are in the log, whoever hears of it. */
const watchSends = (notes: Notes): NetworkWatch => {
  const isSend = ({ method, path }: Request): boolean => method === 'POST' && path.endsWith('/messages');
  return {
    asked: (request) => {
      if (!isSend(request)) return;
      const { uuid, message } = JSON.parse(request.body ?? '') as { readonly uuid: string; readonly message: string };
      notes.attempted.set(uuid, { author: '', text: message });
    },
    answered: (request, answer) => {
      if (!isSend(request) || answer.status >= 300) return;
      const message = JSON.parse(answer.body) as MessageView;
      const before = notes.acknowledged.get(message.uuid);
      if (before !== undefined && before.seq !== message.seq)
        notes.wrong.push(`[LOG-4] ${message.uuid} acknowledged at ${before.seq} and at ${message.seq}`);
      notes.acknowledged.set(message.uuid, message);
    },
  };
};

/** A direct conversation of the first two, a group of all when they are more; some have much to scroll through. */
const begin = async (world: World, messenger: Messenger, people: readonly Person[], notes: Notes) => {
  for (const { uuid, handle } of people) await messenger.provision(uuid, { handle });
  const [first, second, ...others] = people;
  if (first === undefined || second === undefined) throw new Error('nobody is there');
  const call = { user: first.uuid };
  const direct = (await messenger.open(call, { handles: [second.handle] })).conversation.uuid as ConversationUuid;
  const before = world.chance(0.2) ? 60 + world.below(120) : 0;
  for (let index = 0; index < before; index += 1) {
    const { message } = await messenger.send(call, direct, { message: `before ${index}` });
    notes.attempted.set(message.uuid, { author: first.uuid, text: `before ${index}` });
  }
  if (others.length === 0) return { direct, groups: [] };
  const handles = people.slice(1).map(({ handle }) => handle);
  return { direct, groups: [(await messenger.open(call, { handles, title: 'the group' })).conversation.uuid] };
};

export const runClientSeed = async (seed: number, mutation?: ClientMutation): Promise<Outcome> => {
  const world = new World(seed, turns);
  const notes = emptyNotes();
  const tried: Tried = { marks: new Map(), moved: new Set(), wrong: [] };
  const table = createMemoryTable({ schema: mainSchema, name: 'sim', now: () => world.now });
  const truth = createTruth(table, undefined, (what) => notes.wrong.push(what));
  const unheard = world.chance(unheardShare);
  const nodeCount = world.pick([1, 2, 3]);
  const fleet = new Fleet(world, truth, nodeCount, world.pick([1, 1, 2]), calm, {
    deafCaches: unheard,
    mutation: undefined,
    skews,
  });
  const services = await createServices(world, nodeCount);
  const network = createClientNetwork(world, () => services.of(fleet.nodes), watchSends(notes));
  const people = createPeople(world, world.pick([2, 2, 3]));
  const devices: Device[] = [];

  let living = true;
  const crashes = (): void => {
    if (!living) return;
    const index = world.below(fleet.nodes.length);
    const node = fleet.nodes[index];
    fleet.crash(index);
    if (node !== undefined) network.crashed(node);
    if (world.chance(0.3)) fleet.crashRunner();
    if (world.chance(0.3)) network.faults = networkWeathers(world);
    world.after(1_000 + world.random() * 10_000, crashes);
  };
  const live = async (): Promise<void> => {
    const [node] = fleet.nodes;
    if (node === undefined) throw new Error('a fleet has a node');
    const { direct, groups } = await begin(world, node.messenger, people, notes);
    fleet.weather(weathers(world));
    network.faults = networkWeathers(world);
    if (world.chance(0.6)) world.after(world.random() * 5_000, crashes);
    const handles = people.map(({ handle }) => handle);
    const act = createActs(world, network, tried, groups, handles);
    for (const person of people) {
      for (let index = 0; index < (world.chance(0.3) ? 2 : 1); index += 1) {
        const name = `${person.handle}/${index}`;
        const gapless = (conversation: string): boolean => !tried.moved.has(conversation);
        const wrong = (what: string): void => void tried.wrong.push(what);
        devices.push(createDevice({ world, network, name, person, gapless, wrong, mutation }));
      }
    }
    await Promise.all(
      devices.map(async (device) => {
        const own = people.indexOf(device.person) < 2 ? [direct, ...groups] : groups;
        for (const conversation of own) device.watch(conversation);
        const steps = 5 + world.below(25);
        for (let step = 0; step < steps; step += 1) {
          act(device, world.pick(own));
          await world.wait(world.random() * world.pick([50, 500, 4_000]));
        }
      }),
    );
  };

  const pending = (): boolean =>
    devices.some((device) => device.session.sends.getSnapshot().some(({ state }) => state.status !== 'failed'));

  /** Refused to whoever had been removed: nobody sends it again. */
  const giveUp = (): void => {
    for (const device of devices) {
      for (const { uuid, text, state } of device.session.sends.getSnapshot()) {
        if (state.status !== 'failed') continue;
        if (state.code !== 'forbidden' && state.code !== 'not_found')
          tried.wrong.push(`[LOG-8] "${text}" failed: ${state.code}`);
        for (const one of device.composed) if (one.text === text) one.discarded = true;
        device.session.discard(uuid);
      }
    }
  };

  const settle = async (): Promise<void> => {
    fleet.weather(calm);
    network.faults = clearNetwork;
    const begun = world.now;
    fleet.rest(restMs);
    while (pending() && world.now - begun < sendMsMax) await world.wait(5_000);
    fleet.rest(0);
    giveUp();
    await world.wait(settleMs);
    // By themselves, or after one more disconnect.
    if (unheard) {
      fleet.rest(restMs);
      await world.wait(unheardMs);
      fleet.rest(0);
    } else {
      network.cut();
    }
    const cutAt = world.now;
    const connected = (): boolean => devices.every(({ session }) => session.live.getSnapshot().status === 'open');
    do await world.wait(500);
    while (!connected() && world.now - cutAt < reconnectMsMax);
    for (const { session, watched } of devices) for (const one of watched) session.timeline(one).jumpToNewest();
    await world.wait(settleMs);
  };

  const check = async (): Promise<string[]> => {
    fleet.crash(0);
    const [fresh] = fleet.nodes;
    if (fresh === undefined) throw new Error('a fleet has a node');
    for (const [name, { seqs, back }] of tried.marks) {
      notes.marks.set(name, { tried: seqs, acknowledged: 0, back });
    }
    const stored = await readAll(table);
    const wrong = await findFaults(stored, fresh.messenger, people, notes);
    const textsOf = new Map(
      [...stored.entries].map(([conversation, log]) => [
        conversation,
        log.map(({ uuid }) => notes.attempted.get(uuid)?.text ?? ''),
      ]),
    );
    return [...wrong, ...(await findClientFaults(world, fresh.messenger, devices, textsOf, tried))];
  };

  let finished: string[] | undefined;
  const play = async (): Promise<string[]> => {
    await live();
    living = false;
    await settle();
    const wrong = await check();
    for (const device of devices) device.session.stop();
    return wrong;
  };
  try {
    play().then(
      (wrong) => {
        finished = wrong;
      },
      (error: unknown) => {
        finished = [`the run failed: ${error instanceof Error ? error.stack : String(error)}`];
      },
    );
    await world.until(() => finished !== undefined, patienceMs);
  } catch (error) {
    finished = [...notes.wrong, ...tried.wrong, error instanceof Error ? error.message : String(error)];
  } finally {
    services.close();
  }
  return { seed, faults: finished ?? [], entries: notes.acknowledged.size };
};
