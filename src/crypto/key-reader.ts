/**
 * Reads stored keys, those asked for at the same moment in one request: a page of two authors is one, and so is an inbox of
 * twenty conversations.
 */
import type { Table } from '#table/port';
import { getBatchMax, getDataKey, getDataKeys, type KeyPlace, type StoredKey } from './key-store.ts';

type Found = StoredKey | 'damaged' | undefined;

/** What was asked for is `found[index]`. @param deadline in milliseconds since the epoch. */
export type KeyReader = (
  place: KeyPlace,
  deadline: number,
) => { readonly found: Promise<readonly Found[]>; readonly index: number };

interface Batch {
  readonly deadline: number;
  readonly places: KeyPlace[];
  readonly found: Promise<readonly Found[]>;
}

const isSame = (one: KeyPlace, other: KeyPlace): boolean =>
  one.conversation === other.conversation && one.author === other.author && one.generation === other.generation;

export const createKeyReader = (table: Table): KeyReader => {
  let open: Batch | undefined;

  const begin = (deadline: number): Batch => {
    const places: KeyPlace[] = [];
    const read = async (): Promise<readonly Found[]> => {
      if (open === batch) open = undefined;
      const [first] = places;
      if (first === undefined || places.length > 1) return getDataKeys(table, places, { deadline });
      return [await getDataKey(table, first, { deadline })];
    };
    // `read` runs when all that is asked for in this turn is in `places`.
    const batch: Batch = { deadline, places, found: Promise.resolve().then(read) };
    return batch;
  };

  return (place, deadline) => {
    if (open?.deadline !== deadline || open.places.length >= getBatchMax) open = begin(deadline);
    const { places, found } = open;
    const known = places.findIndex((one) => isSame(one, place));
    const index = known < 0 ? places.push(place) - 1 : known;
    return { found, index };
  };
};
