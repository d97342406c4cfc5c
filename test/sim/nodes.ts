/** Nodes of a fleet: each with its own clock, memory and network, over the one table; crashed and started again at will. */

import type { Bus, BusEvent } from '#bus/port';
import { createLocalCache } from '#cache/local';
import { createMessenger } from '#messenger/create';
import { startFeedRunner } from '#messenger/feed-runner';
import type { Lifecycle } from '#messenger/lifecycle/lifecycle';
import type { Messenger } from '#messenger/messenger';
import { createPatterns } from '#store/patterns';
import type { Table } from '#table/port';
import { createMemoryShared, type MemoryShared } from '../cache/memory-level.ts';
import { type Faults, type Link, overNetwork } from './faulty-table.ts';
import { plainSealer } from './plain-sealer.ts';
import type { Mutation } from './truth.ts';
import type { World } from './world.ts';

const minute = 60_000;
/** Minutes by which the nodes' clocks are wrong. */
const skewsFar: readonly number[] = [0, -3, 4, -40, 25];

/** Within this word of a change reaches the other nodes' caches, unless it is lost. */
export const wordMsMax = 500;

/** A bus between nodes that loses, delays and repeats what it carries. */
export const createFaultyBus = (world: World): { readonly at: (link: Link) => Bus } => {
  const ends = new Set<{ link: Link; listeners: Set<(event: BusEvent) => void> }>();
  return {
    at: (link) => {
      const end = { link, listeners: new Set<(event: BusEvent) => void>() };
      ends.add(end);
      return {
        publish: (event) => {
          if (!link.alive) return;
          for (const other of ends) {
            const copies = world.chance(0.05) ? 2 : 1;
            for (let copy = 0; copy < copies; copy += 1) {
              if (world.chance(link.faults.lost)) continue;
              world.after(world.random() * 10 * link.faults.delayMs, () => {
                if (other.link.alive) for (const listener of other.listeners) listener(event);
              });
            }
          }
        },
        subscribe: (listener) => {
          end.listeners.add(listener);
          return () => end.listeners.delete(listener);
        },
        close: async () => {
          ends.delete(end);
        },
      };
    },
  };
};

export interface Node {
  readonly messenger: Messenger;
  readonly lifecycle: Lifecycle;
  readonly link: Link;
  /** By its own clock. */
  readonly now: () => number;
}

interface Runner {
  readonly link: Link;
  readonly stop: () => Promise<void>;
}

/** A fleet of nodes, and of runners of the fan-out beside them that compete for its one shard. */
export class Fleet {
  readonly nodes: Node[];
  readonly #world: World;
  readonly #truth: Table;
  readonly #bus: { readonly at: (link: Link) => Bus };
  #faults: Faults;
  readonly #shared: MemoryShared;
  /** What the fan-out says of changes it comes by puts much right that would otherwise stay wrong. */
  readonly #runnersShare: boolean;
  readonly #runners: Runner[];
  readonly #skews: readonly number[];
  /** The least that a runner waits between two looks, in milliseconds; nothing by itself. */
  #runnersRestMs = 0;
  #started = 0;

  constructor(
    world: World,
    truth: Table,
    count: number,
    runners: number,
    faults: Faults,
    options: {
      readonly deafCaches: boolean;
      readonly mutation: Mutation | undefined;
      /** Minutes by which the clocks are wrong. */
      readonly skews?: readonly number[];
    },
  ) {
    this.#world = world;
    this.#truth = truth;
    this.#faults = faults;
    this.#bus = createFaultyBus(world);
    const { deafCaches, mutation, skews = skewsFar } = options;
    this.#skews = skews;
    this.#shared = createMemoryShared(() => world.now, {
      away: () => deafCaches && world.chance(0.1),
      // Word of a change takes its time; with deaf caches it may not come at all.
      deliver: (run) => {
        if (!deafCaches || world.chance(0.7)) world.after(world.random() * wordMsMax, run);
      },
      blind: mutation === 'CACHE',
    });
    this.#runnersShare = mutation !== 'CACHE';
    this.nodes = Array.from({ length: count }, (_, index) => this.#start(index));
    this.#runners = Array.from({ length: runners }, () => this.#startRunner());
  }

  #nameOf(): string {
    this.#started += 1;
    return `process ${this.#started}`;
  }

  #start(index: number): Node {
    const world = this.#world;
    const skewMs = (this.#skews[index % this.#skews.length] ?? 0) * minute;
    const link: Link = { faults: this.#faults, alive: true, skewMs };
    const now = () => world.now + skewMs;
    const patterns = createPatterns(
      overNetwork(world, this.#truth, link),
      () => undefined,
      () => 0,
    );
    const { messenger, lifecycle } = createMessenger({
      patterns,
      sealer: plainSealer,
      cache: createLocalCache(now, world.random, { shared: this.#shared.at(this.#nameOf()) }),
      bus: this.#bus.at(link),
      now,
      randomBytes: (length) => world.bytes(length),
      every: (ms, run) => world.every(ms, () => (link.alive ? run() : undefined)),
    });
    return { messenger, lifecycle, link, now };
  }

  /** The node forgets everything; what it had sent to the table may still land. */
  crash(index: number): void {
    const node = this.nodes[index];
    if (node === undefined) return;
    node.link.alive = false;
    this.nodes[index] = this.#start(index);
  }

  #startRunner(): Runner {
    const world = this.#world;
    const link: Link = { faults: this.#faults, alive: true, skewMs: 0 };
    const table = overNetwork(world, this.#truth, link);
    const patterns = createPatterns(
      table,
      () => undefined,
      () => 0,
    );
    const { fanout } = createMessenger({
      patterns,
      sealer: plainSealer,
      cache: createLocalCache(
        () => world.now,
        world.random,
        this.#runnersShare ? { shared: this.#shared.at(this.#nameOf()) } : {},
      ),
      bus: this.#bus.at(link),
      now: () => world.now,
      randomBytes: (length) => world.bytes(length),
    });
    const rested = (ms: number): number => (ms === 0 ? 0 : Math.max(ms, this.#runnersRestMs));
    const time = { now: () => world.now, wait: (ms: number, signal: AbortSignal) => world.wait(rested(ms), signal) };
    const owner = this.#nameOf();
    const { stop } = startFeedRunner(table.feed, patterns, fanout, 'inbox', time, () => undefined, owner);
    return { link, stop };
  }

  /** A runner dies with its lease; another one starts beside those that are left. */
  crashRunner(): void {
    const index = this.#world.below(this.#runners.length);
    const runner = this.#runners[index];
    if (runner !== undefined) runner.link.alive = false;
    this.#runners[index] = this.#startRunner();
  }

  /** A runner hears nothing for a while, long enough to lose its lease, and then goes on as if nothing had been. */
  stallRunner(): void {
    const { link } = this.#world.pick(this.#runners);
    link.cutUntil = this.#world.now + this.#world.random() * 15_000;
  }

  /** While nothing but time passes, looking five times a second finds nothing and is most of a run's work: runners look less often. */
  rest(leastMs: number): void {
    this.#runnersRestMs = leastMs;
  }

  async stopRunners(): Promise<void> {
    await Promise.all(this.#runners.map(({ stop }) => stop()));
  }

  /** The network is what it is called from now on, for every node. */
  weather(faults: Faults): void {
    this.#faults = faults;
    for (const { link } of [...this.nodes, ...this.#runners]) link.faults = faults;
  }
}
