/**
 * A stand-in for a DAX cluster of one node, on the wire: it speaks the protocol with the SDK's own codec, answers reads of items
 * from a table, and remembers what it answered, absences too, for ever. It checks no signatures.
 */
import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { encodeItem } from '#table/dynamodb/codec';
import type { Item, Table } from '#table/port';

const require = createRequire(createRequire(import.meta.url).resolve('@amazon-dax-sdk/lib-dax'));
const part = (name: string) => require(`@amazon-dax-sdk/client-dax/src/${name}`);
const AttributeValueEncoder = part('AttributeValueEncoder');
const CborEncoder = part('CborEncoder');
const DaxCborDecoder = part('DaxCborDecoder');
const Assembler = part('Assembler');
const { DaxMethodIds, DaxResponseParam } = part('Constants');

const keySchema = [
  { AttributeName: 'pk', AttributeType: 'S' },
  { AttributeName: 'sk', AttributeType: 'S' },
];
/** The values that open a connection, before its first request. */
const greetingValues = 5;
/** How many values follow the two that name a request. */
const argumentsOf = new Map<number, number>([
  [DaxMethodIds.authorizeConnection, 5],
  [DaxMethodIds.endpoints, 0],
  [DaxMethodIds.defineKeySchema, 1],
  [DaxMethodIds.defineAttributeList, 1],
  [DaxMethodIds.getItem, 3],
  [DaxMethodIds.query, 3],
]);

export interface DaxStandIn {
  readonly endpoint: string;
  /** Reads it was asked for, by operation. */
  readonly reads: string[];
  /** From now on it takes requests and answers none. */
  silence(): void;
  close(): Promise<void>;
}

export const startDaxStandIn = async (table: Table): Promise<DaxStandIn> => {
  const reads: string[] = [];
  const remembered = new Map<string, Item | undefined | readonly Item[]>();
  /** By their ids less one; the first is the empty one, which the client knows. */
  const attributeLists: string[][] = [[]];
  const sockets = new Set<Socket>();
  let silent = false;
  let port = 0;
  const cbor = new CborEncoder();

  const bytesOf = (item: Item): Buffer => {
    const map = encodeItem(item);
    const names: string[] = AttributeValueEncoder.getCanonicalAttributeList(map, keySchema);
    attributeLists.push(names);
    return cbor.encodeBinary(AttributeValueEncoder.encodeAttributes(map, names, attributeLists.length));
  };
  const keyOf = (item: Item): Buffer => cbor.encodeBinary(AttributeValueEncoder.encodeKey(encodeItem(item), keySchema));
  const map = (entries: readonly (readonly [number, Buffer])[]): Buffer =>
    Buffer.concat([
      cbor.encodeMapHeader(entries.length),
      ...entries.flatMap(([param, value]) => [cbor.encodeInt(param), value]),
    ]);

  const getItem = async (key: Buffer): Promise<Buffer> => {
    const decoder = new DaxCborDecoder(cbor.encodeBinary(key));
    const { pk, sk } = Assembler._decodeKeyBytes(decoder, keySchema);
    const name = `${pk.S}/${sk.S}`;
    if (!remembered.has(name)) {
      remembered.set(name, (await table.get({ key: { pk: pk.S, sk: sk.S } })).item);
    }
    const item = remembered.get(name) as Item | undefined;
    return item === undefined ? cbor.encodeNull() : map([[DaxResponseParam.Item, bytesOf(item)]]);
  };

  const query = async (condition: Buffer, limit: number): Promise<Buffer> => {
    const texts: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value === 'string') texts.push(value);
      else if (Buffer.isBuffer(value)) texts.push(value.toString('utf8'));
      else if (Array.isArray(value)) value.forEach(collect);
    };
    collect(new DaxCborDecoder(condition).decodeObject());
    // The names of the attributes stand among the values of the condition.
    const [pk = '', first = '', last = ''] = texts.filter((text) => text !== 'pk' && text !== 'sk');
    const name = `${texts.join('/')}/${limit}`;
    if (!remembered.has(name)) {
      remembered.set(name, (await table.query({ pk, sk: ['between', first, last], limit })).items);
    }
    const items = remembered.get(name) as readonly Item[];
    const encoded = items.map((item) => Buffer.concat([cbor.encodeArrayHeader(2), keyOf(item), bytesOf(item)]));
    return map([
      [DaxResponseParam.Items, Buffer.concat([cbor.encodeArrayHeader(items.length), ...encoded])],
      [DaxResponseParam.Count, cbor.encodeInt(items.length)],
    ]);
  };

  const answer = async (method: number, values: readonly unknown[]): Promise<Buffer | undefined> => {
    const [, first, second] = values;
    switch (method) {
      case DaxMethodIds.endpoints:
        // One node: its number, name, address, port, role, zone and session.
        return Buffer.concat([
          cbor.encodeArrayHeader(1),
          cbor.encodeArrayHeader(7),
          cbor.encodeInt(1),
          cbor.encodeString('localhost'),
          cbor.encodeBinary(Buffer.from([127, 0, 0, 1])),
          cbor.encodeInt(port),
          cbor.encodeInt(1),
          cbor.encodeString('zone'),
          cbor.encodeInt(0),
        ]);
      case DaxMethodIds.defineKeySchema:
        return Buffer.concat([
          cbor.encodeMapHeader(2),
          ...keySchema.flatMap((key) => [cbor.encodeString(key.AttributeName), cbor.encodeString(key.AttributeType)]),
        ]);
      case DaxMethodIds.defineAttributeList:
        return cbor.encodeArray(attributeLists[Number(values[0]) - 1] ?? []);
      case DaxMethodIds.getItem:
        reads.push('get');
        return getItem(first as Buffer);
      case DaxMethodIds.query: {
        reads.push('query');
        const options = second as Map<number, number> | Record<number, number>;
        const limit = options instanceof Map ? options.get(13) : options[13];
        return query(first as Buffer, Number(limit));
      }
      default:
        return undefined;
    }
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let received = Buffer.alloc(0);
    let greeted = false;
    let working = Promise.resolve();
    /** The next values, or nothing before all of them have come. */
    const take = (count: number, remove: boolean): unknown[] | undefined => {
      const decoder = new DaxCborDecoder(received);
      try {
        const values = Array.from({ length: count }, () => decoder.decodeObject());
        if (remove) received = received.subarray(decoder.start);
        return values;
      } catch {
        return undefined;
      }
    };
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      for (;;) {
        if (!greeted) {
          if (take(greetingValues, true) === undefined) return;
          greeted = true;
        }
        const method = Number(take(2, false)?.[1]);
        const count = argumentsOf.get(method);
        if (count === undefined) return;
        const values = take(2 + count, true);
        if (values === undefined) return;
        working = working.then(async () => {
          const body = await answer(method, values.slice(2));
          if (body !== undefined && !silent) socket.write(Buffer.concat([Buffer.from([0x80]), body]));
        });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the stand-in has no address');
  port = address.port;
  return {
    endpoint: `dax://127.0.0.1:${port}`,
    reads,
    silence: () => {
      silent = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
