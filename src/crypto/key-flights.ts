/**
 * One fetch of a key for all who wait for it (single flight). The key is held from its arrival until each of them has used
 * it, so that a full cache does not let go of it in between.
 */
import type { DataKey } from './data-key.ts';
import { createGate } from './gate.ts';
import type { MissingKey } from './keyring.ts';

/** Keys fetched at once, so that a cold inbox of 100 conversations does not take all of the table's sockets. */
const atOnceMax = 32;
/** Fetches that wait: 40 cold pages of 100; past it the node is overloaded and says so. */
const waitingMax = 4_096;

export interface KeyFetch {
  /** Fetches of the same name are one. */
  readonly name: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  load(deadline: number): Promise<DataKey | MissingKey>;
  /** Keeps the key that arrived and returns the copy to use. Not called for an author who was forgotten meanwhile. */
  keep(key: DataKey): DataKey;
}

export interface KeyFlights {
  /** Calls `use` with what the fetch brings, at once when it is there. */
  join<T>(fetch: KeyFetch, use: (key: DataKey | MissingKey) => T): Promise<T>;
  /** Keys of this author that are under way serve those who wait for them and are not kept. */
  forget(author: string): void;
}

interface Flight {
  readonly author: string;
  readonly deadline: number;
  waiters: number;
  forgotten: boolean;
  readonly key: Promise<DataKey | MissingKey>;
}

/** No fetch takes longer than `msMax`, whatever its caller's deadline. */
export const createKeyFlights = (now: () => number, msMax: number): KeyFlights => {
  const gate = createGate(atOnceMax, waitingMax);
  const flights = new Map<string, Flight>();

  const begin = (fetch: KeyFetch): Flight => {
    const deadline = Math.min(fetch.deadline, now() + msMax);
    const land = async (): Promise<DataKey | MissingKey> => {
      try {
        const key = await gate.run(() => fetch.load(deadline));
        if (typeof key === 'string') return key;
        const kept = flight.forgotten ? key : fetch.keep(key);
        kept.hold(flight.waiters);
        if (flight.forgotten) kept.giveUp();
        return kept;
      } finally {
        if (flights.get(fetch.name) === flight) flights.delete(fetch.name);
      }
    };
    // `land` runs after this turn, when `flight` and its first waiter are in place.
    const flight: Flight = {
      author: fetch.author,
      deadline,
      waiters: 0,
      forgotten: false,
      key: Promise.resolve().then(land),
    };
    flights.set(fetch.name, flight);
    return flight;
  };

  const ride = async <T>(flight: Flight, use: (key: DataKey | MissingKey) => T): Promise<T> => {
    const key = await flight.key;
    try {
      return use(key);
    } finally {
      if (typeof key !== 'string') key.release();
    }
  };

  /** Aboard a flight of an earlier deadline than this one's. */
  const rideTwice = async <T>(flight: Flight, fetch: KeyFetch, use: (key: DataKey | MissingKey) => T): Promise<T> => {
    try {
      await flight.key;
    } catch (error) {
      if (now() >= fetch.deadline) throw error;
      // What failed at another's earlier deadline may succeed within this one's. Once: each flight fails for all.
      const next = flights.get(fetch.name) ?? begin(fetch);
      next.waiters += 1;
      return ride(next, use);
    }
    return ride(flight, use);
  };

  return {
    join(fetch, use) {
      const joined = flights.get(fetch.name);
      const flight = joined ?? begin(fetch);
      flight.waiters += 1;
      return joined === undefined || joined.deadline >= fetch.deadline
        ? ride(flight, use)
        : rideTwice(flight, fetch, use);
    },
    forget(author) {
      for (const [name, flight] of flights)
        if (flight.author === author) {
          flight.forgotten = true;
          flights.delete(name);
        }
    },
  };
};
