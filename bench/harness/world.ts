/**
 * The people and conversations that every subject is loaded with before it is measured: a ring in which each person talks
 * with the nearest neighbours on both sides, so that every inbox has more than a page and every conversation too.
 */
import { textOf } from '#cli/capacity/workload';
import { seeded, seededUuid } from './random.ts';

export interface Person {
  readonly uuid: string;
  readonly handle: string;
  readonly display_name: string;
}

export interface Pair {
  /** Index into `people`. */
  readonly a: number;
  readonly b: number;
  /** For subjects that do not derive a conversation's uuid from the pair. */
  readonly uuid: string;
}

export interface World {
  readonly people: readonly Person[];
  readonly pairs: readonly Pair[];
  /** A text for the n-th message of a run; sizes distributed as people's real messages are. */
  text(n: number): string;
  /** How many messages each conversation is loaded with. */
  readonly messagesEach: number;
}

export interface WorldSize {
  readonly people: number;
  /** Even: half of them on each side of the ring. */
  readonly conversationsEach: number;
  readonly messagesEach: number;
}

/** Large enough that pages and inboxes are full, small enough that every subject loads in seconds. */
export const standardWorld: WorldSize = { people: 100, conversationsEach: 24, messagesEach: 24 };

const textsKept = 4_096;

export const makeWorld = (size: WorldSize, seed = 1): World => {
  const random = seeded(seed);
  const people = Array.from({ length: size.people }, (_, n) => ({
    uuid: seededUuid(random),
    handle: `person_${n}`,
    display_name: `Person ${n}`,
  }));
  const pairs: Pair[] = [];
  for (let a = 0; a < size.people; a += 1) {
    for (let step = 1; step <= size.conversationsEach / 2; step += 1) {
      pairs.push({ a, b: (a + step) % size.people, uuid: seededUuid(random) });
    }
  }
  const texts = Array.from({ length: textsKept }, () => textOf(random));
  return { people, pairs, text: (n) => texts[n % textsKept] ?? '', messagesEach: size.messagesEach };
};

/** The pair's two people. */
export const peopleOf = (world: World, pair: Pair): readonly [Person, Person] => {
  const a = world.people[pair.a];
  const b = world.people[pair.b];
  if (a === undefined || b === undefined) throw new Error('a pair of people who are not in the world');
  return [a, b];
};

/** One of them, by chance. */
export const pick = <T>(of: readonly T[], random: () => number): T => {
  const one = of[Math.floor(random() * of.length)];
  if (one === undefined) throw new Error('nothing to pick from');
  return one;
};

/** How many of a load's acts are under way at once, unless said otherwise. */
const loadedAtOnce = 64;

/** Does something for each, some at once, in order; for loading, where all at once would wait past every deadline. */
export const inChunks = async <T, R>(
  items: readonly T[],
  act: (item: T) => Promise<R>,
  atOnce = loadedAtOnce,
): Promise<R[]> => {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atOnce) {
    results.push(...(await Promise.all(items.slice(from, from + atOnce).map(act))));
  }
  return results;
};
