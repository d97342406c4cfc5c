/**
 * The journal: each commit's writes, appended to a file and on disk before the commit is over, so that LMDB's own file can
 * follow later and in bulk. One sequential write of some kilobytes takes the place of dozens of scattered pages.
 *
 * A journal is written from its beginning over whatever an earlier generation left in the file. A record holds its length, a
 * CRC-32, the generation and its number in it; reading ends at the first that is not the next of its generation, whole. What
 * a crash tears off was never acknowledged.
 *
 * A value that was written just before (an item's bytes are also its index entry's and its feed record's) is written as a
 * reference to its place.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, write } from 'node:fs';
import { crc32 } from 'node:zlib';
import { type KvKey, type StoreName, storeNames } from './kv.ts';
import type { Held, PendingWrite } from './layer.ts';

const HEADER_BYTES = 16;
/** What one write can add besides its parts: kind, lengths, and the reference or length of each part. */
const WRITE_BYTES = 16;
const PART_BYTES = 8;
/** A part as a reference: set in its length. Parts are far below 2 GB. */
const REFERENCE = 0x8000_0000;
const GONE = 0xff;
/** An item's bytes, and what may stand between them and their second use: a feed record's header and its image before. */
const RECENT_PARTS = 4;
/** The file grows ahead of what is written, so that most commits change no metadata: by as much again, within these bounds. */
const GROWN_BYTES_MIN = 64 * 1_024;
const GROWN_BYTES_MAX = 1_024 * 1_024;

const noParts: readonly Uint8Array[] = [];

export interface Journal {
  /** Bytes written in this generation. */
  readonly bytes: number;
  /** Resolves when the writes are on disk. When it rejects they are not to be read from there, as far as the disk allows. */
  append(writes: readonly PendingWrite[]): Promise<void>;
  close(): void;
}

/** Begins a generation in a file; what the file held before is of no use any more. */
export const createJournal = (file: string, generation: number): Journal => {
  // Every write to it is on disk when it returns (open(2)): one call, where a flush would be a second.
  const descriptor = openSync(
    file,
    constants.O_RDWR | constants.O_CREAT | (constants.O_DSYNC ?? constants.O_SYNC),
    0o600,
  );
  let allocated = fstatSync(descriptor).size;
  let end = 0;
  let number = 0;
  let scratch = Buffer.allocUnsafe(64 * 1_024);
  const room = (at: number, bytes: number): void => {
    if (at + bytes <= scratch.length) return;
    const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
    scratch.copy(larger, 0, 0, at);
    scratch = larger;
  };

  const encode = (writes: readonly PendingWrite[]): number => {
    let at = HEADER_BYTES;
    /** The parts written last, and where they stand in the file. */
    const recent: (Uint8Array | undefined)[] = new Array(RECENT_PARTS).fill(undefined);
    const places = new Uint32Array(RECENT_PARTS);
    let next = 0;
    for (const { store, name, written } of writes) {
      room(at, WRITE_BYTES + name.length);
      scratch[at] = storeNames.indexOf(store);
      scratch[at + 1] = written === null ? GONE : written.length;
      at = scratch.writeUInt16LE(name.length, at + 2);
      at += scratch.write(name, at, 'latin1');
      for (const part of written ?? noParts) {
        room(at, PART_BYTES + part.length);
        const known = recent.indexOf(part);
        if (known >= 0) {
          at = scratch.writeUInt32LE((part.length | REFERENCE) >>> 0, at);
          at = scratch.writeUInt32LE(places[known] ?? 0, at);
        } else {
          at = scratch.writeUInt32LE(part.length, at);
          recent[next] = part;
          places[next] = end + at;
          next = (next + 1) % RECENT_PARTS;
          scratch.set(part, at);
          at += part.length;
        }
      }
    }
    scratch.writeUInt32LE(at, 0);
    scratch.writeUInt32LE(generation, 8);
    scratch.writeUInt32LE(number, 12);
    scratch.writeUInt32LE(crc32(scratch.subarray(8, at)), 4);
    return at;
  };

  const writeAll = (bytes: Buffer, position: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (from: number): void =>
        write(descriptor, bytes, from, bytes.length - from, position + from, (error, written) => {
          if (error !== null) reject(error);
          else if (from + written < bytes.length) go(from + written);
          else resolve();
        });
      go(0);
    });

  const grow = async (needed: number): Promise<void> => {
    if (needed <= allocated) return;
    const more = Math.min(Math.max(allocated, GROWN_BYTES_MIN), GROWN_BYTES_MAX);
    const size = Math.max(needed, allocated + more);
    await writeAll(Buffer.alloc(size - allocated), allocated);
    allocated = size;
  };

  return {
    get bytes() {
      return end;
    },
    append: async (writes) => {
      const length = encode(writes);
      if (end + length > allocated) await grow(end + length);
      try {
        await writeAll(scratch.subarray(0, length), end);
      } catch (error) {
        // The file may hold all of it, as after a flush that failed: what is no record is neither carried over nor applied again.
        await writeAll(Buffer.alloc(HEADER_BYTES), end).catch(() => undefined);
        throw error;
      }
      end += length;
      number += 1;
    },
    close: () => closeSync(descriptor),
  };
};

/** The last write of each key, by store, of the whole records of one generation. */
export type JournalContent = ReadonlyMap<StoreName, ReadonlyMap<KvKey, Held>>;

/** The generation that a journal file holds, and what was written in it; undefined for a file that holds none. */
export const readJournal = (
  file: string,
): { readonly generation: number; readonly content: JournalContent } | undefined => {
  const bytes = readFileSync(file);
  if (bytes.length < HEADER_BYTES) return undefined;
  const generation = bytes.readUInt32LE(8);
  const content = new Map(storeNames.map((store) => [store, new Map<KvKey, Held>()] as const));
  let record = 0;
  let number = 0;
  for (; record + HEADER_BYTES <= bytes.length; number += 1) {
    const length = bytes.readUInt32LE(record);
    const end = record + length;
    if (length < HEADER_BYTES || end > bytes.length) break;
    if (bytes.readUInt32LE(record + 8) !== generation || bytes.readUInt32LE(record + 12) !== number) break;
    if (bytes.readUInt32LE(record + 4) !== crc32(bytes.subarray(record + 8, end))) break;
    for (let at = record + HEADER_BYTES; at < end; ) {
      const store = storeNames[bytes[at] ?? GONE];
      const count = bytes[at + 1] ?? GONE;
      const nameLength = bytes.readUInt16LE(at + 2);
      const name = bytes.toString('latin1', at + 4, at + 4 + nameLength);
      at += 4 + nameLength;
      const parts: Buffer[] = [];
      for (let part = 0; count !== GONE && part < count; part += 1) {
        const tagged = bytes.readUInt32LE(at);
        const partLength = tagged & ~REFERENCE;
        const referred = tagged >= REFERENCE;
        const from = referred ? bytes.readUInt32LE(at + 4) : at + 4;
        parts.push(bytes.subarray(from, from + partLength));
        at += referred ? PART_BYTES : 4 + partLength;
      }
      const [only] = parts;
      if (store === undefined) throw new Error(`${file} names a store that is not known`);
      content.get(store)?.set(name, count === GONE ? null : parts.length === 1 && only ? only : Buffer.concat(parts));
    }
    record = end;
  }
  return number === 0 ? undefined : { generation, content };
};
