/**
 * The access patterns of the table of wrapped keys: one function for each name in `key-patterns.ts`. The only file that
 * knows this table's pk and sk.
 *
 * All keys of one author share a partition, so that erasing somebody is a query and deletes; the newest generation for a
 * conversation is the last sort key that begins with it.
 */
import { isConditionFailed } from '#table/errors';
import type { CallOptions, Item, Key, QueryPosition, ScannableTable, ScanResult, Table } from '#table/port';
import type { DataKeyName } from './data-key.ts';
import { generationMax, kidOf, readKid } from './jwe.ts';
import type { WrappedKey } from './key-wrapper.ts';

/** A data key as the table holds it. */
export interface StoredKey extends DataKeyName, WrappedKey {}

/** Which key: the three that name its item. */
export interface KeyPlace {
  readonly conversation: string;
  readonly author: string;
  readonly generation: number;
}

/** DynamoDB's own bound on one batch of writes. */
export const deleteBatchMax = 25;
/** As many as the keyring fetches at once; DynamoDB's own bound is 100. */
export const getBatchMax = 32;

const partition = (author: string): string => `KEY#${author}`;

const sortKey = (conversation: string, generation: number): string =>
  `${conversation}#${String(generation).padStart(6, '0')}`;

const keyOf = (place: KeyPlace): Key => ({
  pk: partition(place.author),
  sk: sortKey(place.conversation, place.generation),
});

const asItem = (key: StoredKey): Item => ({
  ...keyOf(key),
  type: 'data_key',
  conversation_uuid: key.conversation,
  user_uuid: key.author,
  generation: key.generation,
  key_id: key.id,
  wrapped: key.wrapped,
  kek: key.kek,
  created_at: new Date(key.createdAt).toISOString(),
  from_seq: key.fromSeq,
});

/** The key that an item holds; undefined for an item that is not as `asItem` writes it, whoever changed it. */
export const storedKey = (item: Item | undefined): StoredKey | undefined => {
  if (item === undefined || item.type !== 'data_key') return undefined;
  const { conversation_uuid: conversation, user_uuid: author, generation, key_id: id, wrapped, kek } = item;
  if (typeof conversation !== 'string' || typeof author !== 'string' || typeof generation !== 'number')
    return undefined;
  if (typeof id !== 'string' || readKid(kidOf({ generation, id })) === undefined) return undefined;
  if (!(wrapped instanceof Uint8Array) || typeof kek !== 'string') return undefined;
  const { created_at, from_seq: fromSeq } = item;
  const createdAt = typeof created_at === 'string' ? Date.parse(created_at) : Number.NaN;
  if (Number.isNaN(createdAt) || typeof fromSeq !== 'number') return undefined;
  const key = { conversation, author, generation, id, wrapped, kek, createdAt, fromSeq };
  const { pk, sk } = keyOf(key);
  return pk === item.pk && sk === item.sk ? key : undefined;
};

/** True when this key was written; false when another stands there already. */
export const createDataKey = async (table: Table, key: StoredKey, call: CallOptions): Promise<boolean> => {
  try {
    await table.put({ item: asItem(key), condition: { attribute: 'pk', is: 'absent' } }, call);
    return true;
  } catch (error) {
    if (isConditionFailed(error)) return false;
    throw error;
  }
};

/** `damaged`: an item stands there that is no key. */
export const getDataKey = async (
  table: Table,
  place: KeyPlace,
  call: CallOptions,
): Promise<StoredKey | 'damaged' | undefined> => {
  const { item } = await table.get({ key: keyOf(place), consistent: true }, call);
  return item === undefined ? undefined : (storedKey(item) ?? 'damaged');
};

/** `getDataKey` for several at once, in their order: at most `getBatchMax`, none twice. */
export const getDataKeys = async (
  table: Table,
  places: readonly KeyPlace[],
  call: CallOptions,
): Promise<readonly (StoredKey | 'damaged' | undefined)[]> => {
  const keys = places.map(keyOf);
  const { items } = await table.batchGet(keys, true, call);
  return keys.map(({ pk, sk }) => {
    const item = items.find((one) => one.sk === sk && one.pk === pk);
    return item === undefined ? undefined : (storedKey(item) ?? 'damaged');
  });
};

/** The newest generation for a conversation and author, or how far the generations go when its item is no key. */
export const newestDataKey = async (
  table: Table,
  conversation: string,
  author: string,
  call: CallOptions,
): Promise<{ readonly generation: number; readonly key: StoredKey | undefined } | undefined> => {
  const { items } = await table.query(
    {
      pk: partition(author),
      sk: ['between', sortKey(conversation, 1), sortKey(conversation, generationMax)],
      limit: 1,
      consistent: true,
    },
    call,
  );
  const item = items[0];
  if (item === undefined) return undefined;
  return { generation: Number(item.sk.slice(conversation.length + 1)), key: storedKey(item) };
};

/** The keys of the items of an author's keys, at most `limit`. */
export const listDataKeysOf = async (
  table: Table,
  author: string,
  limit: number,
  call: CallOptions,
): Promise<readonly Key[]> => {
  const { items } = await table.query({ pk: partition(author), limit, consistent: true }, call);
  return items.map(({ pk, sk }) => ({ pk, sk }));
};

/** Deletes up to `deleteBatchMax` of what `listDataKeysOf` returned; deleting what is gone is no error. */
export const deleteDataKeysOf = async (table: Table, keys: readonly Key[], call: CallOptions): Promise<void> => {
  await table.batchWrite(
    keys.map((key) => ({ delete: key })),
    call,
  );
};

/** Some of all data keys, in no order, and where to go on; `storedKey` says what an item holds. */
export const scanDataKeys = (
  table: ScannableTable,
  request: { readonly limit?: number; readonly start?: QueryPosition },
  call: CallOptions,
): Promise<ScanResult> => table.scan(request, call);

/** True when the wrapping was replaced; false when the key is gone or another job was first. */
export const rewrapDataKey = async (
  table: Table,
  key: StoredKey,
  next: WrappedKey,
  call: CallOptions,
): Promise<boolean> => {
  try {
    await table.update(
      {
        key: keyOf(key),
        changes: { set: { wrapped: next.wrapped, kek: next.kek } },
        condition: {
          all: [
            { attribute: 'kek', is: '=', value: key.kek },
            { attribute: 'key_id', is: '=', value: key.id },
          ],
        },
      },
      call,
    );
    return true;
  } catch (error) {
    if (isConditionFailed(error)) return false;
    throw error;
  }
};
