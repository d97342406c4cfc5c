/** The tools of one message: react, reply, and the rest in a menu. They exist while the message is pointed at or focused. */
import { useState } from 'react';
import { emojiCharactersMax } from '#domain/limits';
import type { Message } from '#protocol/shapes';
import { notify } from '../notices.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import type { EntryActions } from './actions.ts';

const quickEmoji = ['👍', '❤️', '😂', '😮', '😢', '🎉', '🙏', '👀'];

interface EntryToolsProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly myUuid: string;
  readonly actions: EntryActions;
}

export function EntryTools({ message, mine, myUuid, actions }: EntryToolsProps) {
  const [other, setOther] = useState('');
  const has = (emoji: string): boolean => message.reactions?.[emoji]?.includes(myUuid) ?? false;
  const react = (emoji: string): void => actions.react(message, emoji, !has(emoji));
  const text = message.message;
  return (
    <div className="entry-tools">
      <Menu label={`React to message ${message.seq}`} icon="react">
        <div className="emoji-grid">
          {quickEmoji.map((emoji) => (
            <button
              key={emoji}
              type="button"
              role="menuitemcheckbox"
              aria-checked={has(emoji)}
              tabIndex={-1}
              onClick={() => react(emoji)}
            >
              {emoji}
            </button>
          ))}
        </div>
        <form
          className="emoji-other"
          onSubmit={(event) => {
            event.preventDefault();
            if (other.trim() !== '') react(other.trim());
            event.currentTarget.closest<HTMLElement>('[popover]')?.hidePopover();
          }}
        >
          <input
            className="input"
            aria-label="Another emoji"
            placeholder="Another emoji"
            value={other}
            maxLength={emojiCharactersMax}
            onChange={(event) => setOther(event.target.value)}
            onClick={(event) => event.stopPropagation()}
          />
        </form>
      </Menu>
      <button
        type="button"
        className="icon-button"
        aria-label={`Reply to message ${message.seq}`}
        title="Reply (r)"
        onClick={() => actions.reply(message)}
      >
        <Icon name="reply" />
      </button>
      <Menu label={`More for message ${message.seq}`}>
        {mine ? (
          <MenuItem icon="edit" shortcut="e" onChoose={() => actions.edit(message)}>
            Edit
          </MenuItem>
        ) : null}
        {text === undefined ? null : (
          <MenuItem
            icon="copy"
            onChoose={() => {
              navigator.clipboard.writeText(text).then(
                () => notify('Copied.'),
                () => notify('The browser did not allow copying.', true),
              );
            }}
          >
            Copy text
          </MenuItem>
        )}
        <MenuItem icon="unread" shortcut="u" onChoose={() => actions.markUnread(message)}>
          Mark unread from here
        </MenuItem>
        {mine ? (
          <MenuItem icon="trash" danger onChoose={() => actions.remove(message)}>
            Delete
          </MenuItem>
        ) : null}
      </Menu>
    </div>
  );
}
