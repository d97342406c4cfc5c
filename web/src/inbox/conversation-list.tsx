/** The list of a folder: only the rows on the screen exist, so that ten thousand scroll like ten. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { Folder, FolderSnapshot } from '#client/view';
import { useApp } from '../app-context.ts';
import { readDraft } from '../drafts.ts';
import { formatNumber } from '../format.ts';
import { keepInRange } from '../keep-in-range.ts';
import { codeText } from '../problem-text.ts';
import { Icon } from '../ui/icons.tsx';
import { usePatience } from '../use-patience.ts';
import { useStore } from '../use-store.ts';
import { ConversationRow } from './conversation-row.tsx';

/** As high as its two lines, whatever size the reader's letters have. */
const rowRem = 4.5;
const rowHeightPx = (): number => rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
/** The next page is asked for when so many rows are left below. */
const loadAhead = 12;

interface ConversationListProps {
  readonly folder: Folder;
  /** Only conversations with these words in their names are shown; empty for all. */
  readonly wanted: string;
  readonly selected: string | undefined;
  readonly onStart: () => void;
}

export const ConversationList = memo(function ConversationList(props: ConversationListProps) {
  const { folder, wanted, selected, onStart } = props;
  const { session, me } = useApp();
  const snapshot = useStore(session.inbox)[folder];
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string>();
  const [rowPx] = useState(rowHeightPx);
  const { rested, ask } = usePatience();
  const { hasMore, loadingMore, load } = snapshot;
  const finding = wanted.trim() !== '';
  const rows = finding ? session.inbox.find(folder, wanted) : snapshot.rows;
  const indexOf = finding ? (uuid?: string) => rows.findIndex((row) => row.uuid === uuid) : snapshot.indexOf;
  const tabStop = [focused, selected, rows[0]?.uuid].find((uuid) => indexOf(uuid) >= 0);
  const tabIndex = indexOf(tabStop);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 6,
    rangeExtractor: useMemo(() => keepInRange(tabIndex), [tabIndex]),
  });
  const items = virtual.getVirtualItems();
  const lastShown = virtual.range?.endIndex ?? -1;

  useEffect(() => {
    // Whoever looks for a name says how far to look beyond the first page: a rare one would have every page fetched.
    if (
      (finding && load.status === 'ready') ||
      !rested ||
      !hasMore ||
      loadingMore ||
      lastShown < rows.length - loadAhead
    )
      return;
    ask(() => session.inbox.loadMore(folder));
  }, [session, folder, hasMore, loadingMore, load.status, lastShown, rows.length, finding, rested, ask]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabIndex;
    const pageRows = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowPx) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: pageRows, PageUp: -pageRows, Home: -at, End: rows.length };
    const step = steps[event.key as keyof typeof steps];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const index = Math.min(Math.max(at + step, 0), rows.length - 1);
    const uuid = rows[index]?.uuid;
    if (uuid === undefined) return;
    // The row with the focus is always drawn, so that it can take it before the list has scrolled there.
    flushSync(() => setFocused(uuid));
    scroller.current?.querySelector<HTMLElement>(`[data-row="${uuid}"]`)?.focus({ preventScroll: true });
    virtual.scrollToIndex(index);
  };

  const further =
    finding && hasMore ? (
      <button
        type="button"
        className="button further"
        disabled={loadingMore}
        onClick={() => ask(() => session.inbox.loadMore(folder))}
      >
        {loadingMore ? 'Looking…' : `Look further than the newest ${formatNumber(snapshot.rows.length)}`}
      </button>
    ) : null;
  if (finding && rows.length === 0) {
    return (
      <div className="rows-empty" role="status">
        <Icon name="search" size={24} />
        <p>No conversation here has that name.</p>
        {further}
      </div>
    );
  }
  if (rows.length === 0) return <EmptyList folder={folder} load={load} onStart={onStart} />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the links inside.
    <div ref={scroller} className="rows" onKeyDown={onKeyDown} data-rows={rows.length}>
      <ul style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <li
              key={row.uuid}
              aria-setsize={hasMore ? -1 : rows.length}
              aria-posinset={item.index + 1}
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              <ConversationRow
                row={row}
                selected={row.uuid === selected}
                tabbable={row.uuid === tabStop}
                draft={row.uuid === selected ? '' : readDraft(me.uuid, row.uuid)}
                onFocus={setFocused}
              />
            </li>
          );
        })}
      </ul>
      {further}
    </div>
  );
});

function EmptyList({
  folder,
  load,
  onStart,
}: {
  readonly folder: Folder;
  readonly load: FolderSnapshot['load'];
  readonly onStart: () => void;
}) {
  const { session, me } = useApp();
  if (load.status === 'loading') {
    return (
      <div className="rows-empty" role="status">
        <span className="spinner" aria-hidden="true" />
        <p>Fetching conversations…</p>
      </div>
    );
  }
  if (load.status === 'failed') {
    return (
      <div className="rows-empty" role="alert">
        <Icon name="warn" size={24} />
        <p>The list did not load. {codeText(load.code)}</p>
        <button type="button" className="button" onClick={() => session.inbox.refresh().catch(() => undefined)}>
          Try again
        </button>
      </div>
    );
  }
  if (folder === 'archive') {
    return (
      <div className="rows-empty">
        <Icon name="archive" size={24} />
        <p>Nothing is archived. A conversation that you archive waits here until somebody writes in it.</p>
      </div>
    );
  }
  return (
    <div className="rows-empty">
      <Icon name="edit" size={24} />
      <p>
        Nobody has written yet. All it takes is somebody’s handle; yours is{' '}
        <strong className="mono">@{me.handle}</strong>.
      </p>
      <button type="button" className="button primary" onClick={onStart}>
        Start a conversation
      </button>
    </div>
  );
}
