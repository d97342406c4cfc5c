/** The keys that work everywhere. Single keys only outside text fields, and only while they are switched on. */
import { useEffect, useRef } from 'react';

export interface ShortcutActions {
  readonly newConversation: () => void;
  readonly shortcuts: () => void;
  readonly jump: () => void;
  readonly lens: () => void;
  readonly compose: () => void;
  readonly list: () => void;
  readonly find: () => void;
  readonly log: () => void;
  readonly step: (by: 1 | -1) => void;
  readonly back: () => void;
}

/** What the dialog shows; kept beside the code that does it. */
export const shortcutHelp: readonly {
  readonly keys: readonly string[];
  readonly what: string;
  readonly single?: true;
}[] = [
  { keys: ['Enter'], what: 'Send the message' },
  { keys: ['Shift', 'Enter'], what: 'Start a new line' },
  { keys: ['↑'], what: 'In an empty field: edit my last message' },
  { keys: ['Esc'], what: 'Stop editing or replying; leave a field; back to the list' },
  { keys: ['Alt', '↑ ↓'], what: 'Previous or next conversation' },
  { keys: ['Alt', 'L'], what: 'Show or hide the Lens, also while writing' },
  { keys: ['n'], what: 'New conversation', single: true },
  { keys: ['i'], what: 'Go to the list', single: true },
  { keys: ['/'], what: 'Find a conversation', single: true },
  { keys: ['m'], what: 'Go to the messages', single: true },
  { keys: ['c'], what: 'Write', single: true },
  { keys: ['g'], what: 'Jump to a date', single: true },
  { keys: ['l'], what: 'Show or hide the Lens', single: true },
  { keys: ['?'], what: 'This list', single: true },
  { keys: ['↑ ↓'], what: 'In the list or the messages: move' },
  { keys: ['r'], what: 'On a message: reply', single: true },
  { keys: ['e'], what: 'On my message: edit', single: true },
  { keys: ['Del'], what: 'On my message: delete' },
  { keys: ['u'], what: 'On a message: mark unread from here', single: true },
];

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

const inOverlay = (): boolean => document.querySelector('dialog[open], [popover]:popover-open') !== null;

export function useShortcuts(singleKeys: boolean, actions: ShortcutActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || inOverlay()) return;
      const act = latest.current;
      const chosen = event.altKey && !event.ctrlKey && !event.metaKey ? withAlt(event, act) : undefined;
      const plain = !event.altKey && !event.ctrlKey && !event.metaKey;
      const action = chosen ?? (plain ? alone(event, act, singleKeys) : undefined);
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [singleKeys]);
}

function withAlt(event: KeyboardEvent, act: ShortcutActions): (() => void) | undefined {
  if (event.key === 'ArrowUp') return () => act.step(-1);
  if (event.key === 'ArrowDown') return () => act.step(1);
  // The letter by its place: with Alt some layouts type another character.
  if (event.code === 'KeyL') return act.lens;
  return undefined;
}

function alone(event: KeyboardEvent, act: ShortcutActions, singleKeys: boolean): (() => void) | undefined {
  if (event.key === 'Escape') {
    if (inField(event.target)) return act.log;
    return act.back;
  }
  if (!singleKeys || inField(event.target)) return undefined;
  return {
    n: act.newConversation,
    i: act.list,
    '/': act.find,
    m: act.log,
    c: act.compose,
    g: act.jump,
    l: act.lens,
    '?': act.shortcuts,
  }[event.key];
}
