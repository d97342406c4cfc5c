/**
 * What encryption costs a reader: a page of 20 through HTTP from the server as it is, and from one that differs in nothing but
 * its sealer, which leaves texts in the clear. In each round both are started anew, so that a page can be met for the first
 * time, and are asked by turns, a few pages each, so that whatever else the machine does meets both; then where the time of
 * such a page goes.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipfExponent } from '#cli/capacity/workload';
import { conversationUuid } from '#domain/ids';
import { dataLayout } from '#server/adapters';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { keysSchema, mainSchema } from '#table/schema';
import { type HttpClient, httpClient } from './harness/http.ts';
import { benchModule, serverModule } from './harness/modules.ts';
import { threadMicrosOf } from './harness/processes.ts';
import { messageUuidAt, seeded } from './harness/random.ts';
import { startServerProcess } from './harness/server-process.ts';
import { median, percentile, type Spread, sorted, spreadOf } from './harness/stats.ts';
import { type Step, stepsOf } from './harness/steps.ts';
import { inChunks, makeWorld, peopleOf, type World, type WorldSize } from './harness/world.ts';
import { portInAddress } from './parley/address.ts';
import { clearSealer } from './parley/clear-sealer.ts';
import { handleOf, parleyNode, provision, userOf } from './parley/node.ts';

export const armNames = ['sealed', 'clear'] as const;
export type Arm = (typeof armNames)[number];

/** In the order they are measured in: each relies on what the ones before have left in the server's memory. */
export const phaseNames = ['first', 'older', 'again', 'mix'] as const;
export type Phase = (typeof phaseNames)[number];

/** One phase of one arm. */
interface Measured {
  /** Milliseconds of a page as its reader waits, the median. */
  readonly ms: number;
  /** Microseconds of the server's CPU for a page. */
  readonly cpu: number;
}

export interface PhaseFigures {
  readonly phase: Phase;
  readonly pages: number;
  readonly ms: Readonly<Record<Arm, Spread>>;
  readonly cpu: Readonly<Record<Arm, Spread>>;
  /** Sealed to clear, of the same round. */
  readonly msRatio: Spread;
  readonly cpuRatio: Spread;
}

export interface SealingComparison {
  readonly rounds: number;
  readonly phases: readonly PhaseFigures[];
  /** Microseconds of the main thread for a page of the server as it is, under V8's profiler. */
  readonly steps: readonly { readonly phase: Phase; readonly micros: Readonly<Record<Step, number>> }[];
}

const pageLength = 20;
/** Sixty messages are three pages; a person's conversations are spread over the phases by their place in the world. */
const size: WorldSize = { people: 200, conversationsEach: 24, messagesEach: 60 };
/** In each server's table. */
export const messagesLoaded = ((size.people * size.conversationsEach) / 2) * size.messagesEach;
const pagesEach = size.messagesEach / pageLength;
/** Shares of the conversations: read before anything is measured; met for the first time; of the mix. */
const warmedShare = 0.3;
const metShare = 0.35;
/**
 * Requests that warm a server up, of conversations that are not measured: two thousand pages met for the first time, so that
 * the code that reads and opens them is compiled, and a thousand of them again.
 */
const warmingPages = 3_000;
const mixPages = 3_000;
/** Pages asked of one server before it is the other's turn. */
const turnPages = 40;

/** Writes the world into a data folder, as the server would have. */
const fill = async (folder: string, world: World, arm: Arm): Promise<readonly string[]> => {
  const now = (): number => Date.now();
  const random = seeded(3);
  const layout = dataLayout(folder);
  const main = await openEmbeddedTable({ path: layout.main, schema: mainSchema, name: 'parley', now });
  const keys = await openEmbeddedTable({ path: layout.keys, schema: keysSchema, name: 'parley-keys', now });
  const options = { now, observe: () => undefined, appended: () => undefined };
  const sealer = arm === 'clear' ? { sealer: clearSealer } : {};
  const { messenger } = await parleyNode({ main, keys, folder }, { ...options, ...sealer });
  await inChunks(world.people, (person) => provision(messenger, person));
  const conversations = await inChunks(world.pairs, async (pair) => {
    const [a, b] = peopleOf(world, pair);
    const { conversation } = await messenger.open({ user: userOf(a) }, { handles: [handleOf(b)] });
    return conversation.uuid;
  });
  for (let n = 0; n < world.messagesEach; n += 1) {
    await inChunks([...world.pairs.entries()], async ([index, pair]) => {
      const uuid = conversationUuid(conversations[index] ?? '');
      if (uuid === undefined) throw new Error('a conversation has a uuid');
      const author = peopleOf(world, pair)[n % 2 === 0 ? 0 : 1];
      const request = { uuid: messageUuidAt(now(), random), message: world.text(n * 7 + index) };
      await messenger.send({ user: userOf(author) }, uuid, request);
    });
  }
  messenger.close();
  await main.close();
  await keys.close();
  return conversations;
};

interface PageAsked {
  readonly conversation: string;
  readonly token: string;
  /** 0: the newest. */
  readonly page: number;
}

const ask = async (client: HttpClient, { conversation, token, page }: PageAsked): Promise<number> => {
  const before = page === 0 ? '' : `&before_seq=${size.messagesEach - page * pageLength + 1}`;
  const begun = performance.now();
  const answer = await client.ask('GET', `/v1/conversations/${conversation}/messages?limit=20${before}`, token);
  const ms = performance.now() - begun;
  const { messages } = JSON.parse(answer.body) as { readonly messages?: readonly { readonly message?: string }[] };
  if (messages?.length !== pageLength || messages.some(({ message }) => message === undefined))
    throw new Error(`not a page: ${answer.status} ${answer.body.slice(0, 200)}`);
  return ms;
};

/** Draws places of a list of `count`, the first most often, after Zipf. */
const zipf = (count: number, random: () => number): (() => number) => {
  const cumulated: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    sum += rank ** -zipfExponent;
    cumulated.push(sum);
  }
  return () => {
    const drawn = random() * sum;
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] ?? 0) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

const shuffled = <T>(list: readonly T[], random: () => number): T[] =>
  list
    .map((item) => ({ item, at: random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);

/** What is asked in each phase, and before them; the same for both servers. */
const planOf = (conversations: readonly string[], tokens: readonly string[], world: World, random: () => number) => {
  const all = shuffled(
    world.pairs.map(({ a }, index) => ({ conversation: conversations[index] ?? '', token: tokens[a] ?? '' })),
    random,
  );
  const warmed = all.slice(0, all.length * warmedShare);
  const met = all.slice(warmed.length, all.length * (warmedShare + metShare));
  const mixed = all.slice(warmed.length + met.length);
  const pagesOf = (some: typeof all, from: number): PageAsked[] =>
    some.flatMap((one) => Array.from({ length: pagesEach - from }, (_, n) => ({ ...one, page: from + n })));
  const newest = met.map((one) => ({ ...one, page: 0 }));
  const pool = shuffled(pagesOf(mixed, 0), random);
  const draw = zipf(pool.length, random);
  const warming = pagesOf(warmed, 0);
  const phases: Record<Phase, readonly PageAsked[]> = {
    first: newest,
    older: pagesOf(met, 1),
    again: [...newest, ...newest],
    mix: Array.from({ length: mixPages }, () => pool[draw()] ?? { conversation: '', token: '', page: 0 }),
  };
  return { warming: Array.from({ length: warmingPages }, (_, n) => warming[n % warming.length]), phases };
};

const signIn = async (client: HttpClient, world: World): Promise<string[]> =>
  inChunks(world.people, async ({ handle }) => {
    const answer = await client.ask('POST', '/v1/dev/sign-in', 'none', { handle });
    return String((JSON.parse(answer.body) as { readonly access_token?: string }).access_token);
  });

interface Run {
  readonly measured: Readonly<Record<Phase, Measured>>;
  /** When each phase began and ended, in microseconds of the monotonic clock. */
  readonly windows: Readonly<Record<Phase, readonly [from: number, to: number]>>;
  readonly pages: Readonly<Record<Phase, number>>;
}

/** A table that was loaded, and what is asked of it. */
interface Loaded {
  readonly arm: Arm;
  readonly folder: string;
  readonly conversations: readonly string[];
  readonly world: World;
}

const start = async ({ arm, folder, conversations, world }: Loaded, flags: readonly string[]) => {
  const module = arm === 'sealed' ? serverModule() : benchModule('parley/clear-server');
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    PARLEY_DATA: folder,
    PARLEY_FANOUT: '0',
    LOG_LEVEL: 'error',
    RATE_LIMIT_PER_USER: '1000000',
    RATE_LIMIT_PER_ADDRESS: '1000000',
  };
  const server = await startServerProcess(module, [], portInAddress, env, flags);
  const client = httpClient(server.ready.port);
  const plan = planOf(conversations, await signIn(client, world), world, seeded(5));
  const latencies: number[] = [];
  return {
    arm,
    plan,
    latencies,
    cpu: () => threadMicrosOf(server.pid),
    ask: async (pages: readonly (PageAsked | undefined)[]) => {
      for (const page of pages) if (page !== undefined) latencies.push(await ask(client, page));
    },
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
};

type Running = Awaited<ReturnType<typeof start>>;

/** Asks each server for the same pages, by turns. */
const byTurns = async (running: readonly Running[], pagesOf: (one: Running) => readonly (PageAsked | undefined)[]) => {
  const [first] = running;
  const count = first === undefined ? 0 : pagesOf(first).length;
  for (let from = 0, turn = 0; from < count; from += turnPages, turn += 1) {
    // Whoever goes first in one turn goes second in the next.
    for (const one of turn % 2 === 0 ? running : running.toReversed())
      await one.ask(pagesOf(one).slice(from, from + turnPages));
  }
};

/** The servers side by side, from their start to their end. */
const runOnce = async (
  loaded: readonly Loaded[],
  flags: readonly string[] = [],
): Promise<Partial<Record<Arm, Run>>> => {
  const running: Running[] = [];
  const micros = (): number => Number(process.hrtime.bigint() / 1_000n);
  try {
    for (const one of loaded) running.push(await start(one, flags));
    await byTurns(running, ({ plan }) => plan.warming);
    const results: { arm: Arm; phase: Phase; measured: Measured; window: readonly [number, number]; pages: number }[] =
      [];
    for (const phase of phaseNames) {
      const from = micros();
      const before = running.map((one) => one.cpu());
      for (const one of running) one.latencies.length = 0;
      await byTurns(running, ({ plan }) => plan.phases[phase]);
      for (const [index, { arm, latencies, cpu }] of running.entries()) {
        const measured = {
          ms: percentile(sorted(latencies), 0.5),
          cpu: (cpu() - (before[index] ?? 0)) / latencies.length,
        };
        results.push({ arm, phase, measured, window: [from, micros()] as const, pages: latencies.length });
      }
    }
    const runOf = (arm: Arm): Run => {
      const own = results.filter((one) => one.arm === arm);
      const by = <T>(value: (one: (typeof results)[number]) => T): Record<Phase, T> =>
        Object.fromEntries(own.map((one) => [one.phase, value(one)])) as Record<Phase, T>;
      return { measured: by((one) => one.measured), windows: by((one) => one.window), pages: by((one) => one.pages) };
    };
    return Object.fromEntries(running.map(({ arm }) => [arm, runOf(arm)]));
  } finally {
    for (const one of running) await one.stop();
  }
};

const figuresOf = (phase: Phase, rounds: readonly Readonly<Record<Arm, Run>>[]): PhaseFigures => {
  const spread = (value: (round: Readonly<Record<Arm, Run>>) => number): Spread => spreadOf(rounds.map(value));
  const both = (name: keyof Measured) => ({
    sealed: spread((round) => round.sealed.measured[phase][name]),
    clear: spread((round) => round.clear.measured[phase][name]),
  });
  const ratio = (name: keyof Measured) =>
    spread((round) => round.sealed.measured[phase][name] / round.clear.measured[phase][name]);
  return {
    phase,
    pages: median(rounds.map((round) => round.sealed.pages[phase])),
    ms: both('ms'),
    cpu: both('cpu'),
    msRatio: ratio('ms'),
    cpuRatio: ratio('cpu'),
  };
};

export const measureSealing = async (rounds: number, say: (line: string) => void): Promise<SealingComparison> => {
  const base = mkdtempSync(join(tmpdir(), 'parley-sealing-'));
  const world = makeWorld(size);
  const folderOf = (arm: Arm): string => join(base, arm);
  try {
    const loaded: Loaded[] = [];
    for (const arm of armNames) {
      say(`loading ${arm}`);
      loaded.push({ arm, folder: folderOf(arm), conversations: await fill(folderOf(arm), world, arm), world });
    }
    const results: Record<Arm, Run>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { sealed, clear } = await runOnce(loaded);
      if (sealed === undefined || clear === undefined) throw new Error('both servers ran');
      results.push({ sealed, clear });
      say(`measured round ${round + 1}`);
    }
    const profiles = join(base, 'profiles');
    const flags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval=200'];
    const { sealed } = await runOnce(
      loaded.filter(({ arm }) => arm === 'sealed'),
      flags,
    );
    if (sealed === undefined) throw new Error('the server ran');
    const { windows, pages } = sealed;
    const [file = ''] = readdirSync(profiles);
    const steps = phaseNames.map((phase) => {
      const sums = stepsOf(join(profiles, file), ...windows[phase]);
      const each = Object.entries(sums).map(([step, sum]) => [step, sum / pages[phase]]);
      return { phase, micros: Object.fromEntries(each) as Record<Step, number> };
    });
    return { rounds, phases: phaseNames.map((phase) => figuresOf(phase, results)), steps };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
};
