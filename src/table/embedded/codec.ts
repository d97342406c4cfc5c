/**
 * Items as bytes. Four bytes hold the item's size by DynamoDB's arithmetic, so that reads need not count it; two name its
 * shape, that is its attributes' names in their order, which are stored once for all items that share them; the values
 * follow in msgpack.
 */
import { addExtension, Packr, RESET_BUFFER_MODE } from 'msgpackr';
import { TableError } from '../errors.ts';
import type { Item, Value } from '../port.ts';
import type { KvKey, KvReader, KvWriter } from './kv.ts';
import { allocate } from './slab.ts';

const SHAPE_OFFSET = 4;
const PAYLOAD_OFFSET = 6;
const payload = { start: PAYLOAD_OFFSET };

/** The shape of items that carry their names themselves. */
const NO_SHAPE = 0;
/** Shapes are kept in memory; a table whose items are all different stops making more of them here. */
const SHAPES_MAX = 2_000;
/** Items with more attributes than this carry their names themselves: maps with free keys, not records. */
const SHAPED_NAMES_MAX = 64;

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

/** The size and the bytes, without a look at the values. */
export const storedOf = (bytes: Uint8Array): Stored => {
  // Items have at most 400 KB: three bytes tell.
  return { bytes, size: ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) };
};

/** As `storedOf`, for an item that may not be there. */
export const storedItem = (bytes: Uint8Array | undefined): Stored | undefined =>
  bytes === undefined ? undefined : storedOf(bytes);

export const sameBytes = (left: Stored, right: Stored): boolean => Buffer.compare(left.bytes, right.bytes) === 0;

export interface Codec {
  /** Packs an item within the commit that stores it, which also stores its shape where that is new. */
  encode(writer: KvWriter, item: Item, size: number): Stored;
  /** A new object each time: nothing is shared between callers. */
  decode(reader: KvReader, stored: Stored): Item;
  /** As `decode`, but at the first call of what it returns, which may come after the step that read the bytes. */
  decodeLater(reader: KvReader, stored: Stored): () => Item;
  /** After a commit that did not happen: shapes that it would have stored are not there. */
  forget(): void;
}

const SHAPE_PREFIX = 'shape/';
const shapeKey = (id: number): KvKey => `${SHAPE_PREFIX}${String(id).padStart(5, '0')}`;

/** Shapes as a tree: each name leads on from those before it, so that finding one is a step for each attribute. */
interface ShapeNode {
  readonly next: Map<string, ShapeNode>;
  /** Of the shape that ends here. */
  id: number | undefined;
}

const shapeNode = (): ShapeNode => ({ next: new Map(), id: undefined });

const shapeIn = (bytes: Uint8Array): number => ((bytes[SHAPE_OFFSET] ?? 0) << 8) | (bytes[SHAPE_OFFSET + 1] ?? 0);

const unpackShaped = (bytes: Uint8Array, names: readonly string[]): Item => {
  const values = packr.unpack(bytes, payload) as Value[];
  const item: { pk: string; sk: string; [name: string]: Value } = { pk: '', sk: '' };
  for (let i = 0; i < values.length; i += 1) {
    const name = names[i];
    const value = values[i];
    if (name !== undefined && value !== undefined) item[name] = value;
  }
  return item;
};

export const createCodec = (): Codec => {
  /** By id, from 1 on; another process may know more, this one never knows others. */
  let shapes: (readonly string[])[] = [[]];
  let root = shapeNode();

  const add = (names: readonly string[]): number => {
    let node = root;
    for (const name of names) {
      const next = node.next.get(name) ?? shapeNode();
      node.next.set(name, next);
      node = next;
    }
    node.id = shapes.push(names) - 1;
    return node.id;
  };

  /** Learns the shapes that were stored since. */
  const learn = (reader: KvReader): void => {
    for (;;) {
      const bytes = reader.get('meta', shapeKey(shapes.length));
      if (bytes === undefined) return;
      add(packr.unpack(bytes) as string[]);
    }
  };

  const find = (item: Item): number | undefined => {
    let node: ShapeNode | undefined = root;
    for (const name in item) {
      if (item[name] === undefined) continue;
      node = node.next.get(name);
      if (node === undefined) return undefined;
    }
    return node.id;
  };

  const shapeOf = (writer: KvWriter, item: Item): number => {
    const known = find(item);
    if (known !== undefined) return known;
    learn(writer);
    const learnt = find(item);
    if (learnt !== undefined) return learnt;
    const names = Object.keys(item).filter((name) => item[name] !== undefined);
    if (names.length > SHAPED_NAMES_MAX || shapes.length > SHAPES_MAX) return NO_SHAPE;
    writer.put('meta', shapeKey(shapes.length), Buffer.from(packr.pack(names)));
    return add(names);
  };

  const namesOf = (reader: KvReader, id: number): readonly string[] => {
    if (shapes[id] === undefined) learn(reader);
    const names = shapes[id];
    if (names === undefined) throw new TableError('unavailable', `an item is damaged: there is no shape ${id}`);
    return names;
  };

  return {
    encode(writer, item, size) {
      const id = shapeOf(writer, item);
      let content: unknown;
      if (id === NO_SHAPE)
        content = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
      else {
        const values: Value[] = [];
        for (const name in item) {
          const value = item[name];
          if (value !== undefined) values.push(value);
        }
        content = values;
      }
      // Copied at once, so that the next item may be packed in the same place.
      const packed = packr.pack(content, RESET_BUFFER_MODE);
      const bytes = allocate(PAYLOAD_OFFSET + packed.length);
      bytes.writeUInt32BE(size, 0);
      bytes.writeUInt16BE(id, SHAPE_OFFSET);
      bytes.set(packed, PAYLOAD_OFFSET);
      return { bytes, size };
    },

    decode(reader, { bytes }) {
      const id = shapeIn(bytes);
      return id === NO_SHAPE ? (packr.unpack(bytes, payload) as Item) : unpackShaped(bytes, namesOf(reader, id));
    },

    decodeLater(reader, { bytes }) {
      const id = shapeIn(bytes);
      const names = id === NO_SHAPE ? undefined : namesOf(reader, id);
      let item: Item | undefined;
      return () => {
        item ??= names === undefined ? (packr.unpack(bytes, payload) as Item) : unpackShaped(bytes, names);
        return item;
      };
    },

    forget() {
      shapes = [[]];
      root = shapeNode();
    },
  };
};

/** A number as the value of a `meta` entry. */
export const encodeNumber = (value: number): Uint8Array => Buffer.from(String(value), 'latin1');

export const decodeNumber = (bytes: Uint8Array | undefined): number | undefined =>
  bytes === undefined ? undefined : Number(Buffer.from(bytes).toString('latin1'));

/** A feed record: where it stands, when it was made (ms), the item's key, and the two images as they were stored. */
export interface FeedValue {
  readonly position: number;
  readonly at: number;
  readonly pk: string;
  readonly sk: string;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** Position, time, the lengths of the key's two parts and of the image before, and whether there is one after. */
const FEED_HEADER_BYTES = 8 + 8 + 2 + 2 + 4 + 1;
/** In place of the length of an image that there is not. */
const NO_IMAGE = 0xffff_ffff;

/** In parts, so that the images need not be copied: what describes them, and the images themselves. */
export const encodeFeedValue = ({ position, at, pk, sk, before, after }: FeedValue): Uint8Array[] => {
  const pkBytes = Buffer.byteLength(pk);
  const skBytes = Buffer.byteLength(sk);
  const header = allocate(FEED_HEADER_BYTES + pkBytes + skBytes);
  header.writeDoubleBE(position, 0);
  header.writeDoubleBE(at, 8);
  header.writeUInt16BE(pkBytes, 16);
  header.writeUInt16BE(skBytes, 18);
  header.writeUInt32BE(before?.byteLength ?? NO_IMAGE, 20);
  header.writeUInt8(after === undefined ? 0 : 1, 24);
  header.write(pk, FEED_HEADER_BYTES);
  header.write(sk, FEED_HEADER_BYTES + pkBytes);
  if (after === undefined) return before === undefined ? [header] : [header, before];
  return before === undefined ? [header, after] : [header, before, after];
};

export const decodeFeedValue = (value: Uint8Array): FeedValue => {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const skFrom = FEED_HEADER_BYTES + bytes.readUInt16BE(16);
  const images = skFrom + bytes.readUInt16BE(18);
  const length = bytes.readUInt32BE(20);
  const afterFrom = images + (length === NO_IMAGE ? 0 : length);
  return {
    position: bytes.readDoubleBE(0),
    at: bytes.readDoubleBE(8),
    pk: bytes.toString('utf8', FEED_HEADER_BYTES, skFrom),
    sk: bytes.toString('utf8', skFrom, images),
    before: length === NO_IMAGE ? undefined : bytes.subarray(images, afterFrom),
    after: bytes[24] === 0 ? undefined : bytes.subarray(afterFrom),
  };
};
