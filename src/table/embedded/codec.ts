/** Items as bytes: the item's size by DynamoDB's arithmetic in four bytes (so that reads need not count it), then msgpack. */
import { addExtension, Packr } from 'msgpackr';
import type { Item } from '../port.ts';

const SIZE_BYTES = 4;

/** An item as it is stored: decoded only when somebody wants to see it. */
export interface Stored {
  readonly bytes: Uint8Array;
  /** DynamoDB's item size. */
  readonly size: number;
}

const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });
/** The members of a set are packed while its item is: that takes a packer with a buffer of its own. */
const memberPackr = new Packr({ useRecords: false });

/** Sets of strings, as an array under an extension type of our own. */
const SET_EXTENSION_TYPE = 0x53;
addExtension({
  Class: Set,
  type: SET_EXTENSION_TYPE,
  pack: (set: ReadonlySet<string>) => memberPackr.pack([...set]),
  unpack: (bytes: Uint8Array) => new Set(memberPackr.unpack(bytes) as string[]),
});

const definedOnly = (item: Item): Item => {
  for (const name in item) {
    if (item[name] === undefined) {
      return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as Item;
    }
  }
  return item;
};

export const encodeItem = (item: Item, size: number): Stored => {
  const packed = packr.pack(definedOnly(item));
  const bytes = Buffer.allocUnsafe(SIZE_BYTES + packed.length);
  bytes.writeUInt32BE(size, 0);
  bytes.set(packed, SIZE_BYTES);
  return { bytes, size };
};

/** Reads the size alone; `undefined` for no item. */
export const storedItem = (bytes: Uint8Array | undefined): Stored | undefined =>
  bytes === undefined ? undefined : storedOf(bytes);

/** As `storedItem`, for bytes that are there. */
export const storedOf = (bytes: Uint8Array): Stored => {
  // Items have at most 400 KB: three bytes tell.
  return { bytes, size: ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) };
};

/** A new object each time: nothing is shared between callers. */
export const decodeItem = (stored: Stored): Item => packr.unpack(stored.bytes.subarray(SIZE_BYTES)) as Item;

export const sameBytes = (left: Stored, right: Stored): boolean => Buffer.compare(left.bytes, right.bytes) === 0;

/** A number as the value of a `meta` entry. */
export const encodeNumber = (value: number): Uint8Array => Buffer.from(String(value), 'latin1');

export const decodeNumber = (bytes: Uint8Array | undefined): number | undefined =>
  bytes === undefined ? undefined : Number(Buffer.from(bytes).toString('latin1'));

/** A feed record's content: when (ms), and the two images as they were stored. */
export type FeedValue = readonly [at: number, before: Uint8Array | null, after: Uint8Array | null];

export const encodeFeedValue = (value: FeedValue): Uint8Array => packr.pack(value);

export const decodeFeedValue = (bytes: Uint8Array): FeedValue => packr.unpack(bytes) as FeedValue;
