/**
 * The log on the screen: a window of it, of which only the visible entries exist. Older pages are put in above without
 * moving what is being read; at the end it follows what arrives.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type FocusEvent,
  type KeyboardEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { flushSync } from 'react-dom';
import type { Timeline, TimelineEntry, TimelineSnapshot } from '#client/view';
import type { Message } from '#protocol/shapes';
import { announce } from '../announcer.tsx';
import { dayKey, formatDay, formatNumber } from '../format.ts';
import { keepInRange } from '../keep-in-range.ts';
import { personName } from '../names.ts';
import { Icon } from '../ui/icons.tsx';
import { usePatience } from '../use-patience.ts';
import type { EntryActions } from './actions.ts';
import { Entry, PendingEntry } from './entry.tsx';
import { focusComposer, isByKey } from './focus-composer.ts';

/** A page is asked for when fewer entries than this are left above or below. */
const loadAhead = 20;
const estimatePx = 44;
/** So near the end still counts as being there: a new message then scrolls into view. */
const endPx = 80;
/** Of more readers at one entry, the others are counted: a large group would fill the screen with names. */
const readersNamedMax = 3;
/** A pause this long starts a new run of messages even by the same person. */
const runMsMax = 10 * 60_000;
const litMs = 1_600;

interface MessageLogProps {
  readonly timeline: Timeline;
  readonly snapshot: TimelineSnapshot;
  readonly myUuid: string;
  readonly myName: string;
  readonly nameOf: (uuid: string) => string;
  /** The first message that was unread when the conversation was opened. */
  readonly newFrom: number | undefined;
  /** Set by whoever wants an entry on the screen; `at` tells two wishes for the same one apart. */
  readonly wanted: { readonly seq: number; readonly at: number } | undefined;
  /** My message that was sent last from here. */
  readonly sent: string | undefined;
  readonly actions: EntryActions;
}

const authorOf = (entry: TimelineEntry | undefined, me: string): string | undefined =>
  entry === undefined ? undefined : entry.kind === 'send' ? me : entry.message.user_uuid;
const timeOf = (entry: TimelineEntry): string =>
  entry.kind === 'send' ? new Date(entry.send.composedAtMs).toISOString() : entry.message.created_at;

const startsRun = (entry: TimelineEntry, before: TimelineEntry | undefined, me: string): boolean =>
  before === undefined ||
  authorOf(before, me) !== authorOf(entry, me) ||
  (before.kind === 'message' && before.message.kind === 'system') ||
  Date.parse(timeOf(entry)) - Date.parse(timeOf(before)) > runMsMax ||
  dayKey(timeOf(entry)) !== dayKey(timeOf(before));

export function MessageLog(props: MessageLogProps) {
  const { timeline, snapshot, myUuid, nameOf, newFrom, wanted, sent, actions } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [tabSeq, setTabSeq] = useState<number>();
  const [litSeq, setLitSeq] = useState<number>();
  const goesAlong = useRef(false);
  const [away, setAway] = useState(false);
  const placed = useRef(false);
  const [settled, setSettled] = useState(false);
  const { rested, ask } = usePatience();
  const heightSeen = useRef(0);
  const awaySeen = useRef(false);

  const tabIndex = tabSeq === undefined ? -1 : snapshot.indexOfSeq(tabSeq);
  const virtual = useVirtualizer({
    count: snapshot.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimatePx,
    // The first entries that are drawn are those that will be seen, not those at the top that are scrolled away at once. A
    // log that may fit on the screen begins at its top: the pane cannot be scrolled, and would not say that it is not.
    initialOffset: () => Math.max(0, snapshot.length * estimatePx - innerHeight),
    getItemKey: useCallback((index: number) => snapshot.at(index)?.key ?? index, [snapshot]),
    overscan: 6,
    rangeExtractor: useMemo(() => keepInRange(tabIndex), [tabIndex]),
    anchorTo: 'end',
    followOnAppend: snapshot.atNewest,
    scrollEndThreshold: endPx,
    paddingStart: 24,
    paddingEnd: 16,
    onChange: (instance) => {
      // The end moves away by itself when the pane becomes smaller, for the Lens or a keyboard: then it is kept in sight.
      const height = scroller.current?.clientHeight ?? 0;
      const resized = height !== heightSeen.current;
      heightSeen.current = height;
      if (resized && !awaySeen.current) return instance.scrollToEnd();
      awaySeen.current = !instance.isAtEnd(endPx);
      setAway(!instance.isAtEnd(endPx * 2));
    },
  });
  // Numbers are stamped where one waited for them, not on what comes on the screen with its number.
  const awaited = useRef(new Set<string>());
  const items = virtual.getVirtualItems();
  const first = virtual.range?.startIndex ?? 0;
  const last = virtual.range?.endIndex ?? -1;

  // The first sight of a conversation: what is new if there is something, else the end.
  useLayoutEffect(() => {
    if (placed.current || snapshot.load.status !== 'ready' || snapshot.length === 0) return;
    placed.current = true;
    const index = newFrom === undefined ? -1 : snapshot.indexOfSeq(newFrom);
    if (index >= 0) virtual.scrollToIndex(index, { align: 'center' });
    else virtual.scrollToEnd();
    // More pages are asked for only from the place where the reading begins, not from where the list happened to be first.
    requestAnimationFrame(() => requestAnimationFrame(() => setSettled(true)));
  }, [snapshot, newFrom, virtual]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new wish scrolls; the window around it may change later.
  useEffect(() => {
    if (wanted === undefined) return;
    const index = snapshot.indexOfSeq(wanted.seq);
    if (index < 0) return;
    const { activeElement, body } = document;
    goesAlong.current = activeElement === body || scroller.current?.parentElement?.contains(activeElement) === true;
    virtual.scrollToIndex(index, { align: 'center' });
    setTabSeq(wanted.seq);
    setLitSeq(wanted.seq);
    const timer = setTimeout(() => setLitSeq(undefined), litMs);
    return () => clearTimeout(timer);
  }, [wanted]);

  // The focus goes along with the reading, or it would fall off the page with what is scrolled away.
  useEffect(() => {
    if (litSeq === undefined || !goesAlong.current) return;
    scroller.current?.querySelector<HTMLElement>(`[data-entry="${litSeq}"]`)?.focus({ preventScroll: true });
  }, [litSeq]);

  // Who sends wants to see it sent, wherever they were reading.
  useEffect(() => {
    if (sent !== undefined) virtual.scrollToEnd();
  }, [sent, virtual]);

  useEffect(() => {
    if (!settled || !rested) return;
    if (first < loadAhead && snapshot.hasOlder && !snapshot.loadingOlder) ask(timeline.loadOlder);
    if (last >= snapshot.length - loadAhead && snapshot.hasNewer && !snapshot.loadingNewer) ask(timeline.loadNewer);
  }, [timeline, snapshot, first, last, settled, rested, ask]);

  const seqAt = useCallback(
    (index: number): number | undefined => {
      const entry = snapshot.at(index);
      return entry?.kind === 'message' ? entry.message.seq : undefined;
    },
    [snapshot],
  );

  // What is seen while the page is in front is read: once, since it may be marked unread afterwards while it is still there.
  const readTo = useRef(0);
  useEffect(() => {
    const see = (): void => {
      const from = seqAt(first);
      let to: number | undefined;
      for (let index = last; index >= first && to === undefined; index--) to = seqAt(index);
      if (from === undefined || to === undefined) return;
      timeline.setVisible(from, to);
      if (to <= readTo.current || document.visibilityState !== 'visible' || !document.hasFocus() || !settled) return;
      readTo.current = to;
      timeline.markRead(to);
    };
    see();
    addEventListener('focus', see);
    return () => removeEventListener('focus', see);
  }, [timeline, seqAt, first, last, settled]);

  useAnnouncements(snapshot, myUuid);

  const focusSeq = (seq: number): void => {
    // The entry with the focus is always drawn, so that it can take it before the log has scrolled there.
    flushSync(() => setTabSeq(seq));
    scroller.current?.querySelector<HTMLElement>(`[data-entry="${seq}"]`)?.focus({ preventScroll: true });
    const index = snapshot.indexOfSeq(seq);
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  };

  const onFocus = (event: FocusEvent): void => {
    const seq = event.target.closest<HTMLElement>('[data-entry]')?.dataset.entry;
    if (seq !== undefined) setTabSeq(Number(seq));
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const own = Number(target.dataset.entry ?? Number.NaN);
    if (Number.isNaN(own) || event.altKey || event.ctrlKey || event.metaKey) return;
    const index = snapshot.indexOfSeq(own);
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, End: snapshot.length, Home: first - index }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    const to = Math.min(Math.max(index + step, 0), snapshot.length - 1);
    const seq = seqAt(to);
    if (seq !== undefined) focusSeq(seq);
    else focusComposer();
  };

  const quotedAt = (seq: number | undefined): Message | undefined => {
    if (seq === undefined) return undefined;
    const entry = snapshot.at(snapshot.indexOfSeq(seq));
    return entry?.kind === 'message' ? entry.message : undefined;
  };

  const readersAt = (message: Message): readonly string[] => {
    const names: string[] = [];
    for (const [user, seq] of snapshot.readers) {
      if (seq === message.seq && user !== myUuid && user !== message.user_uuid) names.push(nameOf(user));
    }
    return names;
  };

  const readText = (names: readonly string[]): string => {
    if (names.length === 0) return '';
    if (snapshot.conversation?.kind === 'direct') return 'Read';
    if (names.length <= readersNamedMax + 1) return `Read by ${names.join(', ')}`;
    const others = formatNumber(names.length - readersNamedMax);
    return `Read by ${names.slice(0, readersNamedMax).join(', ')} and ${others} others`;
  };

  const tabStop = tabSeq !== undefined && tabIndex >= 0 ? tabSeq : seqAt(lastMessageIndex(snapshot));
  const newAbove = useNewAbove(newFrom, settled ? seqAt(first) : undefined, snapshot.newestSeq);
  const behind = snapshot.newestSeq - (seqAt(last) ?? snapshot.newestSeq);

  return (
    <div className="log">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the articles inside. */}
      <div ref={scroller} className="log-scroller" data-log onKeyDown={onKeyDown} onFocus={onFocus}>
        <div
          className="sheet"
          role="feed"
          aria-label="Messages"
          aria-busy={snapshot.loadingOlder || snapshot.loadingNewer}
          style={{ minHeight: '100%', height: virtual.getTotalSize() }}
        >
          {snapshot.loadingOlder ? <span className="spinner log-loading" aria-hidden="true" /> : null}
          {items.map((item) => {
            const entry = snapshot.at(item.index);
            if (entry === undefined) return null;
            const before = snapshot.at(item.index - 1);
            const starts = startsRun(entry, before, myUuid);
            const readers = entry.kind === 'message' ? readersAt(entry.message) : [];
            if (entry.kind === 'send') awaited.current.add(entry.key);
            const newDay = before === undefined || dayKey(timeOf(entry)) !== dayKey(timeOf(before));
            return (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className="log-item"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {newDay && (before !== undefined || !snapshot.hasOlder) ? (
                  <p className="fold">
                    <time dateTime={timeOf(entry)}>{formatDay(timeOf(entry))}</time>
                  </p>
                ) : null}
                {entry.kind === 'message' && entry.message.seq === newFrom ? (
                  <p className="new-line">New messages</p>
                ) : null}
                {entry.kind === 'message' ? (
                  <Entry
                    message={entry.message}
                    mine={entry.message.user_uuid === myUuid}
                    myUuid={myUuid}
                    startsRun={starts}
                    tabbable={entry.message.seq === tabStop}
                    total={snapshot.newestSeq}
                    quoted={quotedAt(entry.message.reply_to)}
                    readers={readText(readers)}
                    allReaders={readers.join(', ')}
                    nameOf={nameOf}
                    actions={actions}
                    lit={entry.message.seq === litSeq}
                    stamped={awaited.current.has(entry.key)}
                  />
                ) : (
                  <PendingEntry
                    send={entry.send}
                    author={props.myName}
                    startsRun={starts}
                    quoted={quotedAt(entry.send.replyTo)}
                    nameOf={nameOf}
                    actions={actions}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {newFrom !== undefined && newAbove > 0 ? (
        <button type="button" className="to-new" onClick={() => actions.goTo(newFrom)}>
          <Icon name="up" size={18} />
          {formatNumber(newAbove)} new
        </button>
      ) : null}
      {away || !snapshot.atNewest ? (
        <button
          type="button"
          className="to-latest"
          onClick={(event) => {
            if (!snapshot.atNewest) timeline.jumpToNewest();
            virtual.scrollToEnd();
            if (isByKey(event)) focusComposer();
          }}
        >
          <Icon name="down" size={18} />
          {behind > 0 ? `${formatNumber(behind)} below` : 'Latest'}
        </button>
      ) : null}
    </div>
  );
}

/** How many new messages there are when the first of them is further up than the screen; 0 once it was seen. */
function useNewAbove(newFrom: number | undefined, firstSeq: number | undefined, newestSeq: number): number {
  const [seen, setSeen] = useState(false);
  const inSight = newFrom !== undefined && firstSeq !== undefined && firstSeq <= newFrom;
  useEffect(() => {
    if (inSight) setSeen(true);
  }, [inSight]);
  if (newFrom === undefined || firstSeq === undefined || seen || inSight) return 0;
  return newestSeq - newFrom + 1;
}

function lastMessageIndex(snapshot: TimelineSnapshot): number {
  let index = snapshot.length - 1;
  while (index >= 0 && snapshot.at(index)?.kind !== 'message') index -= 1;
  return index;
}

/** Says what others write while the conversation is open; what was there before, or is scrolled to, stays silent. */
function useAnnouncements(snapshot: TimelineSnapshot, myUuid: string): void {
  const heard = useRef<number>(undefined);
  useEffect(() => {
    if (snapshot.load.status !== 'ready') return;
    const before = heard.current;
    const entry = snapshot.at(snapshot.indexOfSeq(snapshot.newestSeq));
    // The list may know of a message before it is here: it is heard when it comes.
    if (before !== undefined && snapshot.atNewest && entry === undefined) return;
    heard.current = snapshot.newestSeq;
    if (before === undefined || snapshot.newestSeq <= before || !snapshot.atNewest) return;
    if (entry?.kind !== 'message' || entry.message.user_uuid === myUuid) return;
    const count = snapshot.newestSeq - before;
    const text = `${personName(entry.message.display_name)}: ${entry.message.message ?? ''}`;
    announce(count === 1 ? text : `${count} new messages. ${text}`);
  }, [snapshot, myUuid]);
}
