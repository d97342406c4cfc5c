/** Writes held in memory above a store: for each key its value, or that it is gone. */
import { type KvKey, type KvRange, type StoreName, storeNames } from './kv.ts';
import { createAscendingPlaces, createPlaces, type Places } from './places.ts';
import { join } from './slab.ts';

/** What a layer says of a key; `null`: it is gone. */
export type Held = Uint8Array | null;

/** A value as it was given, in parts that follow each other and may be shared with other values; `null`: the key is gone. */
export type Written = readonly Uint8Array[] | null;

export interface Layer {
  readonly writes: number;
  /** `undefined`: nothing is said of it here. */
  get(store: StoreName, name: KvKey): Held | undefined;
  set(store: StoreName, name: KvKey, written: Written): void;
  range(store: StoreName, range: KvRange): Iterator<readonly [name: KvKey, value: Held]>;
}

const byStore = <T>(make: () => T): Record<StoreName, T> =>
  Object.fromEntries(storeNames.map((name) => [name, make()])) as Record<StoreName, T>;

/** Values lie at every eighth byte of a block, each behind its length; a larger one has a block of its own. */
const BLOCK_BYTES = 1_024 * 1_024;
const STEP_BYTES = 8;
const LENGTH_BYTES = 4;
const STEPS_PER_BLOCK = BLOCK_BYTES / STEP_BYTES;

/** In place of a value's place: the key is gone. */
const GONE = -1;

/**
 * Values one after the other in large blocks, each known by a small number. Thousands of them live until they are carried over, and
 * as objects each would be copied twice by the garbage collector, while everybody waits.
 */
const createValues = () => {
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(0);
  let used = BLOCK_BYTES;
  return {
    add: (parts: readonly Uint8Array[]): number => {
      let length = 0;
      for (const part of parts) length += part.byteLength;
      if (used + LENGTH_BYTES + length > BLOCK_BYTES) {
        block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, LENGTH_BYTES + length));
        blocks.push(block);
        used = 0;
      }
      const place = (blocks.length - 1) * STEPS_PER_BLOCK + used / STEP_BYTES;
      let at = block.writeUInt32LE(length, used);
      for (const part of parts) {
        block.set(part, at);
        at += part.byteLength;
      }
      used = Math.ceil(at / STEP_BYTES) * STEP_BYTES;
      return place;
    },
    at: (place: number): Uint8Array => {
      const inBlock = blocks[Math.floor(place / STEPS_PER_BLOCK)] ?? block;
      const from = (place % STEPS_PER_BLOCK) * STEP_BYTES;
      return inBlock.subarray(from + LENGTH_BYTES, from + LENGTH_BYTES + inBlock.readUInt32LE(from));
    },
  };
};

/** A layer that is read in order often. */
export const createLayer = (): Layer => {
  const places: Record<StoreName, Places> = { ...byStore(createPlaces), feed: createAscendingPlaces() };
  const values = createValues();
  let writes = 0;
  const valueAt = (place: number): Held => (place === GONE ? null : values.at(place));
  return {
    get writes() {
      return writes;
    },
    get: (store, name) => {
      const place = places[store].get(name);
      return place === undefined ? undefined : valueAt(place);
    },
    set: (store, name, written) => {
      places[store].set(name, written === null ? GONE : values.add(written));
      writes += 1;
    },
    *range(store, { from, to, reverse }) {
      for (const [name, place] of places[store].range(from, to, reverse)) yield [name, valueAt(place)];
    },
  };
};

/** One key's last write in a commit. */
export interface PendingWrite {
  readonly store: StoreName;
  readonly name: KvKey;
  readonly written: Written;
}

export interface Pending extends Layer {
  /** Each key once, in the order in which they were first written. */
  readonly list: readonly PendingWrite[];
  /**
   * Lets go of all of it, once it is where it was to go. Under load a commit that is over is still referred to when the garbage
   * collector comes by, and its writes would be copied along: measured, a third of all that it copies.
   */
  release(): void;
}

/** What one commit has written so far: hardly ever read in order, and sorted when it is. */
export const createPending = (): Pending => {
  let list: PendingWrite[] = [];
  /** Where in the list a key stands. Few commits write to all stores. */
  let places: { [Name in StoreName]?: Map<KvKey, number> } = {};
  const held = (store: StoreName, name: KvKey): Held | undefined => {
    const place = places[store]?.get(name);
    const write = place === undefined ? undefined : list[place];
    return write === undefined ? undefined : write.written && join(write.written);
  };
  return {
    get list() {
      return list;
    },
    release: () => {
      list = [];
      places = {};
    },
    get writes() {
      return list.length;
    },
    get: held,
    set: (store, name, written) => {
      let inStore = places[store];
      if (inStore === undefined) {
        inStore = new Map();
        places[store] = inStore;
      }
      const write = { store, name, written };
      const known = inStore.get(name);
      if (known === undefined) inStore.set(name, list.push(write) - 1);
      else list[known] = write;
    },
    *range(store, { from, to, reverse }) {
      const names = [...(places[store]?.keys() ?? [])].filter((name) => name >= from && name < to).sort();
      for (const name of reverse ? names.reverse() : names) yield [name, held(store, name) ?? null];
    },
  };
};
