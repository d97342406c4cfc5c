/**
 * Where partitions end. Past a partition's last key nothing stands, so an item that goes there is put without a look: appending to
 * a log reads no item, however large the table is. Used only while nobody else can write; an end may lie further out than the
 * last key (a commit that failed, an item deleted since), never before it.
 */
import { type Codec, storedOf } from './codec.ts';
import { itemKey, itemRange } from './keys.ts';
import type { KvKey, KvReader } from './kv.ts';

/** Some two hundred bytes each; of more, those go that came first, and are looked up once more. */
const PARTITIONS_MAX = 10_000;

/** `undefined`: not looked yet, since many partitions are written to once and never again. */
interface End {
  last: KvKey | undefined;
}

export interface PartitionEnds {
  /** Whether nothing can stand at this place. */
  isPast(pk: string, place: KvKey): boolean;
  /** An item came to a place where nothing stood, and the reader sees it there. */
  added(reader: KvReader, codec: Codec, pk: string, place: KvKey): void;
  clear(): void;
}

const lastIn = (reader: KvReader, codec: Codec, pk: string): KvKey | undefined => {
  for (const value of reader.range('items', itemRange(pk, undefined, true, undefined)))
    return itemKey(codec.decode(reader, storedOf(value)));
  return undefined;
};

export const createPartitionEnds = (): PartitionEnds => {
  const ends = new Map<string, End>();
  return {
    isPast: (pk, place) => {
      const last = ends.get(pk)?.last;
      return last !== undefined && place > last;
    },
    added: (reader, codec, pk, place) => {
      const end = ends.get(pk);
      if (end === undefined) {
        const [first] = ends.keys();
        if (ends.size >= PARTITIONS_MAX && first !== undefined) ends.delete(first);
        ends.set(pk, { last: undefined });
      } else if (end.last === undefined) end.last = lastIn(reader, codec, pk);
      else if (place > end.last) end.last = place;
    },
    clear: () => ends.clear(),
  };
};
