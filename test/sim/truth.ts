/**
 * The table as it really is, with a watch on what must never happen at any moment (a row going back), and the mutations that
 * show that the simulation would notice: each breaks one rule in one line.
 */
import type { CheckpointItem, InboxRowItem } from '#store/items';
import type { Condition, Item, Table } from '#table/port';

/** `LOG-1`: the put of an entry has no condition. `LOG-3`: of a window only
 * one entry is looked at. `INBOX-3`: rows are written whatever they hold. `CONV-1`: entry 0 is written whatever stands there.
 * `INBOX-5`: whoever read a shard moves its checkpoint, lease or no lease. `CACHE`: the level that nodes share keeps what it is
 * given, whatever was invalidated meanwhile, and the fan-out, which would put it right in a moment, tells it of nothing. */
export type Mutation = 'LOG-1' | 'LOG-3' | 'INBOX-3' | 'CONV-1' | 'INBOX-5' | 'CACHE';

const isEntryZero = (item: Item): boolean => item.type === 'conversation';
const isEntry = (item: Item): boolean => item.type === 'message';

export const createTruth = (table: Table, mutation: Mutation | undefined, wrong: (what: string) => void): Table => {
  const isRow = (key: { sk: string }) => key.sk.startsWith('GRP#');
  const anyRow: Condition = { attribute: 'pk', is: 'present' };

  const checkpoint: Table['update'] = async (request, call) => {
    const { item } = await table.get({ key: request.key, consistent: true });
    const before = item as unknown as CheckpointItem | undefined;
    const anybodys = mutation === 'INBOX-5' && before !== undefined;
    const result = await table.update(anybodys ? { ...request, condition: anyRow } : request, call);
    const after = result.item as unknown as CheckpointItem;
    if ((after.position ?? '') < (before?.position ?? ''))
      wrong(`[INBOX-5] a checkpoint went back from ${before?.position} to ${after.position}`);
    return result;
  };

  const truth: Table = {
    ...table,
    put: async (request, call) => {
      const { item } = request;
      const open = (mutation === 'LOG-1' && isEntry(item)) || (mutation === 'CONV-1' && isEntryZero(item));
      return table.put(open ? { item } : request, call);
    },
    query: async (request, call) => {
      const result = await table.query(request, call);
      if (mutation !== 'LOG-3' || request.consistent !== true) return result;
      return {
        ...result,
        items: result.items.map((item, at) => (at === 0 ? item : { ...item, uuid: 'not looked at' })),
      };
    },
    update: async (request, call) => {
      const { key } = request;
      if (key.pk.startsWith('CHK#')) return checkpoint(request, call);
      if (!isRow(key)) return table.update(request, call);
      const { item: before } = await table.get({ key, consistent: true });
      const blind = mutation === 'INBOX-3' && request.changes.set?.last_seq !== undefined && before !== undefined;
      const result = await table.update(blind ? { ...request, condition: anyRow } : request, call);
      const old = before as unknown as InboxRowItem | undefined;
      const row = result.item as unknown as InboxRowItem;
      if (old !== undefined && row.last_seq < old.last_seq)
        wrong(`[INBOX-3] a row went back from ${old.last_seq} to ${row.last_seq}`);
      return result;
    },
  };
  return truth;
};
