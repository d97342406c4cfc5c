/** The left pane: who I am, the folders, and the conversations of one of them. */
import { type KeyboardEvent, memo, useCallback, useDeferredValue, useState } from 'react';
import type { Folder, LiveState } from '#client/view';
import { useApp } from '../app-context.ts';
import { formatNumber } from '../format.ts';
import { online } from '../online.ts';
import { setPreference } from '../preferences.ts';
import { Icon, Mark } from '../ui/icons.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { Monogram } from '../ui/monogram.tsx';
import { usePart, useStore } from '../use-store.ts';
import { ConversationList } from './conversation-list.tsx';
import { focusList } from './focus-list.ts';

interface InboxPaneProps {
  readonly selected: string | undefined;
  readonly lensOpen: boolean;
  readonly onOpen: (dialog: 'new' | 'profile' | 'shortcuts') => void;
  readonly onSignOut: () => void;
}

const folders: readonly { readonly id: Folder; readonly name: string }[] = [
  { id: 'inbox', name: 'Inbox' },
  { id: 'archive', name: 'Archive' },
];

export const InboxPane = memo(function InboxPane({ selected, lensOpen, onOpen, onSignOut }: InboxPaneProps) {
  const { me, config } = useApp();
  const [folder, setFolder] = useState<Folder>('inbox');
  const [wanted, setWanted] = useState('');
  const onNew = useCallback((): void => onOpen('new'), [onOpen]);
  return (
    <nav className="inbox" aria-label="Conversations">
      <header className="bar inbox-bar">
        <Mark />
        <h1 className="wordmark">Parley</h1>
        <ConnectionMark />
        <button
          type="button"
          className="icon-button"
          aria-label="New conversation"
          title="New conversation (n)"
          onClick={onNew}
        >
          <Icon name="add" />
        </button>
        <Menu
          label="You and this app"
          triggerClass="icon-button"
          trigger={<Monogram name={me.display_name} id={me.uuid} small />}
        >
          <div className="menu-who">
            <strong dir="auto">{me.display_name}</strong>
            <span className="mono">@{me.handle}</span>
          </div>
          <MenuItem icon="people" onChoose={() => onOpen('profile')}>
            Profile and data
          </MenuItem>
          {config.lens ? (
            <MenuItem icon="lens" shortcut="l" onChoose={() => setPreference({ lens: !lensOpen })}>
              {lensOpen ? 'Hide the Lens' : 'Show the Lens'}
            </MenuItem>
          ) : null}
          <MenuItem icon="keyboard" shortcut="?" onChoose={() => onOpen('shortcuts')}>
            Keyboard shortcuts
          </MenuItem>
          <hr />
          <MenuItem icon="leave" onChoose={onSignOut}>
            Sign out
          </MenuItem>
        </Menu>
      </header>
      <div className="folders">
        <fieldset>
          <legend className="sr-only">Folder</legend>
          {folders.map(({ id, name }) => (
            <button key={id} type="button" aria-pressed={folder === id} onClick={() => setFolder(id)}>
              {name}
              {id === 'inbox' ? <UnreadCount /> : null}
            </button>
          ))}
        </fieldset>
        <FindField value={wanted} onChange={setWanted} />
      </div>
      <ConversationList
        key={folder}
        folder={folder}
        wanted={useDeferredValue(wanted)}
        selected={selected}
        onStart={onNew}
      />
    </nav>
  );
});

interface FindFieldProps {
  readonly value: string;
  readonly onChange: (text: string) => void;
}

function FindField({ value, onChange }: FindFieldProps) {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && value !== '') {
      event.stopPropagation();
      onChange('');
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      focusList();
    }
  };
  return (
    <label className="find">
      <Icon name="search" size={16} />
      <span className="sr-only">Find a conversation</span>
      <input
        id="find"
        type="search"
        placeholder="Find"
        title="Find a conversation (/)"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </label>
  );
}

function UnreadCount() {
  const { session } = useApp();
  const unread = usePart(session.inbox, (inbox) => inbox.unread);
  return unread > 0 ? <span className="mono folder-count">{formatNumber(unread)}</span> : null;
}

const words: Record<LiveState['status'], string> = {
  open: 'Live',
  connecting: 'Connecting',
  waiting: 'Offline',
  closed: 'Not connected',
};

/** Whether the page hears of new messages at once; said in words, not by colour alone. */
function ConnectionMark() {
  const { session } = useApp();
  const live = useStore(session.live);
  const status = useStore(online) ? live.status : 'waiting';
  return (
    <span className={`connection mono ${status}`} role="status">
      <span className="connection-dot" aria-hidden="true" />
      {words[status]}
    </span>
  );
}
