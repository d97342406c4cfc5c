/**
 * The single table, drawn from its items: a partition is a row, its items stand in it in the order of their sort keys, the
 * index stands below with the same items in another order, and what was just written is lit.
 */
import { useState } from 'react';
import { itemKey, type StoredItem } from './lens-model.ts';

interface TableDrawingProps {
  readonly items: readonly StoredItem[];
  readonly lit: ReadonlySet<string>;
  /** Whether a conversation is open: the items are those behind it. */
  readonly open: boolean;
}

/** Cells of a partition that are drawn: the first, and the newest. */
const cellsMax = 14;

interface Partition {
  readonly key: string;
  readonly items: readonly StoredItem[];
}

function partitionsBy(items: readonly StoredItem[], name: 'pk' | 'inbox'): Partition[] {
  const groups = new Map<string, StoredItem[]>();
  for (const item of items) {
    const key = item[name];
    if (typeof key !== 'string') continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].map(([key, grouped]) => ({ key, items: grouped }));
}

const bySortKey = (one: StoredItem, other: StoredItem): number => (one.sk < other.sk ? -1 : 1);
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const byTime = (one: StoredItem, other: StoredItem): number =>
  text(one.last_message_at) < text(other.last_message_at) ? 1 : -1;

/** The inbox rows, then the log from its newest entry on. */
const newestFirst = (items: readonly StoredItem[]): StoredItem[] => {
  const isEntry = (item: StoredItem): boolean => item.pk.startsWith('MSG#');
  return [...items.filter((item) => !isEntry(item)), ...items.filter(isEntry).sort((a, b) => bySortKey(b, a))];
};

/** `000000000042` → `42`; `GRP#6e0b…` keeps what says what it is. */
const shortSortKey = (sk: string): string => (/^\d{12}$/.test(sk) ? String(Number(sk)) : shorten(sk, 9));
const shorten = (key: string, max: number): string => (key.length <= max ? key : `${key.slice(0, max)}…`);

export function TableDrawing({ items, lit, open }: TableDrawingProps) {
  const [chosen, setChosen] = useState<string>();
  if (items.length === 0) {
    return (
      <p className="lens-empty">
        {open ? 'Fetching the items…' : 'Open a conversation: the items behind it are drawn here, as they are stored.'}
      </p>
    );
  }
  const base = partitionsBy(items, 'pk').map(({ key, items: own }) => ({ key, items: [...own].sort(bySortKey) }));
  const index = partitionsBy(items, 'inbox').map(({ key, items: own }) => ({ key, items: [...own].sort(byTime) }));
  const cell = (item: StoredItem, label: string) => (
    <li key={itemKey(item)}>
      <button
        type="button"
        className={`cell mono${lit.has(itemKey(item)) ? ' lit' : ''}`}
        aria-pressed={chosen === itemKey(item)}
        title={`${item.pk}  ${item.sk}`}
        onClick={() => setChosen(chosen === itemKey(item) ? undefined : itemKey(item))}
      >
        {label}
      </button>
    </li>
  );
  const shown = chosen === undefined ? undefined : items.find((item) => itemKey(item) === chosen);
  return (
    <div className="drawing">
      <section>
        <h3>
          The table <span className="mono">pk → sk</span>
        </h3>
        <p className="hint">A query names one partition, so it reads one of these rows and nothing else.</p>
        {base.map((partition) => (
          <div key={partition.key} className="partition">
            <span className="partition-key mono" title={partition.key}>
              {shorten(partition.key, 14)}
            </span>
            <ul>
              {partition.items.length > cellsMax ? (
                <>
                  {partition.items.slice(0, 1).map((item) => cell(item, shortSortKey(item.sk)))}
                  <li className="cell gap mono">+{partition.items.length - cellsMax}</li>
                  {partition.items.slice(1 - cellsMax).map((item) => cell(item, shortSortKey(item.sk)))}
                </>
              ) : (
                partition.items.map((item) => cell(item, shortSortKey(item.sk)))
              )}
            </ul>
          </div>
        ))}
      </section>
      <section>
        <h3>
          The index <span className="mono">inbox → last_message_at</span>
        </h3>
        <p className="hint">The same inbox rows, by person and newest first: pattern B reads this.</p>
        {index.map((partition) => (
          <div key={partition.key} className="partition">
            <span className="partition-key mono" title={partition.key}>
              {shorten(partition.key, 14)}
            </span>
            <ul>{partition.items.map((item) => cell(item, text(item.last_message_at).slice(11, 19)))}</ul>
          </div>
        ))}
      </section>
      <section>
        <h3>{shown === undefined ? 'Items as stored' : 'The item as stored'}</h3>
        {(shown === undefined ? newestFirst(items) : [shown]).map((item) => (
          <Item key={itemKey(item)} item={item} lit={lit.has(itemKey(item))} open={shown !== undefined} />
        ))}
      </section>
    </div>
  );
}

function Item({ item, lit, open }: { readonly item: StoredItem; readonly lit: boolean; readonly open: boolean }) {
  const { pk, sk, ...attributes } = item;
  return (
    <details className={`item mono${lit ? ' lit' : ''}`} open={open}>
      <summary>
        <span>{pk}</span> <b>{sk}</b>
      </summary>
      <dl>
        {Object.entries(attributes).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
