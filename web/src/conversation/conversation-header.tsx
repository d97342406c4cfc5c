/** Who the conversation is with, and what can be done with it as a whole. */
import type { Conversation, Row } from '#protocol/shapes';
import { useApp } from '../app-context.ts';
import { formatNumber } from '../format.ts';
import { conversationDetail } from '../names.ts';
import { attempt, notify } from '../notices.ts';
import { setPreference } from '../preferences.ts';
import { isShown, leaveConversation } from '../router.ts';
import { Icon } from '../ui/icons.tsx';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { Monogram } from '../ui/monogram.tsx';
import { usePart } from '../use-store.ts';

interface ConversationHeaderProps {
  readonly name: string;
  readonly uuid: string;
  readonly conversation: Conversation | undefined;
  readonly row: Row | undefined;
  /** There is no such conversation, and nothing to be done with it. */
  readonly gone: boolean;
  readonly lensOpen: boolean;
  readonly onPeople: () => void;
  readonly onJump: () => void;
}

export function ConversationHeader(props: ConversationHeaderProps) {
  const { name, uuid, conversation, row, gone, lensOpen, onPeople, onJump } = props;
  const { me, session, config } = useApp();
  const { inbox } = session;
  const group = conversation?.kind === 'group';
  const other = conversation?.participants.find((person) => person.uuid !== me.uuid);
  return (
    <header className="bar conversation-bar">
      <button type="button" className="icon-button back" onClick={leaveConversation}>
        <Icon name="back" />
        <span className="sr-only">Back to the conversations</span>
        <UnreadElsewhere />
      </button>
      {gone ? null : <Monogram name={name} id={(group ? undefined : other?.uuid) ?? uuid} small />}
      <div className="conversation-who">
        <h2 dir="auto" tabIndex={-1}>
          {name}
        </h2>
        <p className="mono" dir="auto">
          {conversation === undefined ? '' : conversationDetail(conversation, me.uuid)}
        </p>
      </div>
      {gone ? null : (
        <button
          type="button"
          className="icon-button wide-only"
          aria-label="Jump to a date"
          title="Jump to a date (g)"
          onClick={onJump}
        >
          <Icon name="calendar" />
        </button>
      )}
      {config.lens ? (
        <button
          type="button"
          className="icon-button"
          aria-label="The Lens"
          title="The Lens: DynamoDB at work (l)"
          aria-pressed={lensOpen}
          onClick={() => setPreference({ lens: !lensOpen })}
        >
          <Icon name="lens" />
        </button>
      ) : null}
      {gone ? null : (
        <Menu label="This conversation">
          <MenuItem icon="people" onChoose={onPeople}>
            {group ? 'The group and its people' : 'The other person'}
          </MenuItem>
          <MenuItem icon="calendar" shortcut="g" onChoose={onJump}>
            Jump to a date
          </MenuItem>
          {row === undefined ? null : (
            <>
              <hr />
              <MenuItem
                icon="muted"
                onChoose={() => void attempt('Nothing was changed.', () => inbox.setMuted(uuid, !row.muted))}
              >
                {row.muted ? 'Unmute' : 'Mute'}
              </MenuItem>
              <MenuItem
                icon="archive"
                onChoose={async () => {
                  if (!(await attempt('Nothing was changed.', () => inbox.setArchived(uuid, !row.archived)))) return;
                  notify(row.archived ? 'Back in the inbox.' : 'Archived. A new message brings it back.');
                  if (!row.archived && isShown(uuid)) leaveConversation();
                }}
              >
                {row.archived ? 'Move to the inbox' : 'Archive'}
              </MenuItem>
            </>
          )}
        </Menu>
      )}
    </header>
  );
}

/** What waits in the list while a phone shows only the conversation. */
function UnreadElsewhere() {
  const { session } = useApp();
  const unread = usePart(session.inbox, (inbox) => inbox.unread);
  if (unread === 0) return null;
  return (
    <span className="back-count mono">
      {formatNumber(unread)}
      <span className="sr-only"> unread</span>
    </span>
  );
}
