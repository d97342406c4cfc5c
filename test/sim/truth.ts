/**
 * The table as it really is, with a watch on what must never happen at any moment (a row going back), and the mutations that
 * show that the simulation would notice: each breaks one rule in one line.
 */
import type { InboxRowItem } from '#store/items';
import type { Condition, Item, Table } from '#table/port';

/** `LOG-1`: the put of an entry has no condition. `LOG-3`: consistent reads lag. `INBOX-3`: rows are written whatever they hold. `CONV-1`: entry 0 is written whatever stands there. */
export type Mutation = 'LOG-1' | 'LOG-3' | 'INBOX-3' | 'CONV-1';

const isEntryZero = (item: Item): boolean => item.type === 'conversation';
const isEntry = (item: Item): boolean => item.type === 'message';
/** How long a lagging read does not see a write. */
const lagMs = 400;

export const createTruth = (
  table: Table,
  now: () => number,
  mutation: Mutation | undefined,
  wrong: (what: string) => void,
): Table => {
  const writtenAt = new Map<string, number>();
  const nameOf = (key: { pk: string; sk: string }) => `${key.pk} ${key.sk}`;
  const isRow = (key: { sk: string }) => key.sk.startsWith('GRP#');
  const anyRow: Condition = { attribute: 'pk', is: 'present' };

  const truth: Table = {
    ...table,
    put: async (request, call) => {
      const { item } = request;
      const open = (mutation === 'LOG-1' && isEntry(item)) || (mutation === 'CONV-1' && isEntryZero(item));
      const result = await table.put(open ? { item } : request, call);
      writtenAt.set(nameOf(item), now());
      return result;
    },
    query: async (request, call) => {
      const result = await table.query(request, call);
      if (mutation !== 'LOG-3' || request.consistent !== true) return result;
      const seen = result.items.filter(
        (item) => isEntryZero(item) || now() - (writtenAt.get(nameOf(item)) ?? 0) > lagMs,
      );
      return { ...result, items: seen };
    },
    update: async (request, call) => {
      const { key } = request;
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
