/** One entry of the log. Its number stands in the margin and is the receipt: an entry without one is not in the log yet. */
import { type KeyboardEvent, type MouseEvent, memo, useState } from 'react';
import type { Send } from '#client/view';
import type { Message } from '#protocol/shapes';
import { isOnlyEmoji } from '../emoji.ts';
import { formatClock, formatFull, toneOf } from '../format.ts';
import { personName } from '../names.ts';
import { codeText, unreadableText } from '../problem-text.ts';
import { Icon } from '../ui/icons.tsx';
import type { EntryActions } from './actions.ts';
import { EntryTools } from './entry-tools.tsx';
import { focusComposer, isByKey } from './focus-composer.ts';
import { RichText } from './rich-text.tsx';

interface EntryProps {
  readonly message: Message;
  readonly mine: boolean;
  readonly myUuid: string;
  /** The first of consecutive messages by one person: it carries the name. */
  readonly startsRun: boolean;
  readonly tabbable: boolean;
  readonly total: number;
  /** The message it answers, when that one is loaded. */
  readonly quoted: Message | undefined;
  /** Who has read up to here and not further, in a line. */
  readonly readers: string;
  /** The names of all of them. */
  readonly allReaders: string;
  readonly nameOf: (uuid: string) => string;
  readonly actions: EntryActions;
  readonly lit: boolean;
  /** Its number came while its text stood here already. */
  readonly stamped: boolean;
}

const keyActions: Partial<
  Record<string, { readonly action: 'reply' | 'markUnread' | 'edit' | 'remove'; readonly authorOnly?: true }>
> = {
  r: { action: 'reply' },
  u: { action: 'markUnread' },
  e: { action: 'edit', authorOnly: true },
  Delete: { action: 'remove', authorOnly: true },
};

export const Entry = memo(function Entry(props: EntryProps) {
  const { message, mine, startsRun, tabbable, total, readers, actions, lit, stamped } = props;
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const gone = message.deleted_at !== undefined;
  const author = personName(message.display_name);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey || gone) return;
    const chosen = keyActions[event.key];
    if (chosen === undefined || (chosen.authorOnly && !mine)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[chosen.action](message);
  };

  if (message.kind === 'system') {
    return (
      <div className="entry system" data-entry={message.seq} tabIndex={tabbable ? 0 : -1}>
        <span className="entry-seq mono">{message.seq}</span>
        <p className="entry-system">
          <bdi>{author}</bdi> {message.message}
        </p>
        <Time iso={message.created_at} />
      </div>
    );
  }
  return (
    <article
      className={`entry tone-${toneOf(message.user_uuid)}${mine ? ' mine' : ''}${startsRun ? ' starts' : ''}${lit ? ' lit' : ''}${stamped ? ' stamped' : ''}`}
      data-entry={message.seq}
      aria-posinset={message.seq}
      aria-setsize={total}
      aria-label={`${author}, ${formatClock(message.created_at)}`}
      tabIndex={tabbable ? 0 : -1}
      onKeyDown={onKeyDown}
      onMouseEnter={() => setPointed(true)}
      onMouseLeave={() => setPointed(false)}
      onFocus={() => setFocused(true)}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setFocused(false);
      }}
    >
      <span className="entry-seq mono" title={`Entry ${message.seq} of the log`}>
        {message.seq}
      </span>
      <div className="entry-body">
        {startsRun ? (
          <header className="entry-by">
            <bdi className="entry-author">{author}</bdi>
            {message.handle === '' ? null : <span className="entry-handle mono">@{message.handle}</span>}
          </header>
        ) : null}
        {message.reply_to === undefined || gone ? null : (
          <Quote {...props} seq={message.reply_to} goTo={actions.goTo} />
        )}
        <Text message={message} tabbable={tabbable} />
        <Reactions {...props} />
        {readers === '' ? null : (
          <p className="entry-readers" title={props.allReaders}>
            {readers}
          </p>
        )}
      </div>
      <Time iso={message.created_at} />
      {(pointed || focused) && !gone ? (
        <EntryTools message={message} mine={mine} myUuid={props.myUuid} actions={actions} />
      ) : null}
    </article>
  );
});

function Time({ iso }: { readonly iso: string }) {
  return (
    <time className="entry-time mono" dateTime={iso} title={formatFull(iso)}>
      {formatClock(iso)}
    </time>
  );
}

function Text({ message, tabbable }: Pick<EntryProps, 'message' | 'tabbable'>) {
  if (message.deleted_at !== undefined) return <p className="entry-gone">This message was deleted.</p>;
  if (message.message === undefined) {
    return (
      <p className="entry-gone">
        <Icon name="warn" size={16} /> {unreadableText(message.unreadable)}
      </p>
    );
  }
  return (
    <p className={isOnlyEmoji(message.message) ? 'entry-text emoji' : 'entry-text'} dir="auto">
      <RichText text={message.message} tabbable={tabbable} />
      {message.edited_at === undefined ? null : (
        <span className="entry-edited" title={formatFull(message.edited_at)}>
          edited
        </span>
      )}
    </p>
  );
}

/** What is quoted of a message: its text, or what became of it. */
const textOrState = ({ message, unreadable }: Message): string =>
  message ?? (unreadable === undefined ? 'deleted' : 'cannot be opened');

interface QuoteProps extends Pick<EntryProps, 'quoted' | 'nameOf' | 'tabbable'> {
  readonly seq: number;
  readonly goTo: EntryActions['goTo'];
}

function Quote({ seq, quoted, nameOf, tabbable, goTo }: QuoteProps) {
  return (
    <button type="button" className="entry-quote" tabIndex={tabbable ? 0 : -1} onClick={() => goTo(seq)}>
      <span className="mono">{seq}</span>
      <span className="entry-quote-text" dir="auto">
        {quoted === undefined ? 'An earlier message' : `${nameOf(quoted.user_uuid)}: ${textOrState(quoted)}`}
      </span>
    </button>
  );
}

function Reactions({ message, myUuid, nameOf, actions, tabbable }: EntryProps) {
  const reactions = Object.entries(message.reactions ?? {}).filter(([, users]) => users.length > 0);
  if (reactions.length === 0 || message.deleted_at !== undefined) return null;
  return (
    <ul className="reactions" aria-label="Reactions">
      {reactions.map(([emoji, users]) => {
        const on = users.includes(myUuid);
        const who = users.map((user) => (user === myUuid ? 'you' : nameOf(user))).join(', ');
        return (
          <li key={emoji}>
            <button
              type="button"
              className="reaction"
              aria-pressed={on}
              aria-label={`${emoji} ${users.length}, by ${who}`}
              title={who}
              tabIndex={tabbable ? 0 : -1}
              onClick={() => actions.react(message, emoji, !on)}
            >
              <span>{emoji}</span>
              <span className="mono">{users.length}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

interface PendingEntryProps {
  readonly send: Send;
  readonly author: string;
  readonly startsRun: boolean;
  readonly quoted: Message | undefined;
  readonly nameOf: (uuid: string) => string;
  readonly actions: EntryActions;
}

/** Its buttons go with the message: pressed by key, they hand the focus to where the next one is written. */
const leaveFor = (event: MouseEvent, act: () => void): void => {
  act();
  if (isByKey(event)) focusComposer();
};

/** A message of mine that has no number yet: on its way, or refused and waiting for a decision. */
export const PendingEntry = memo(function PendingEntry(props: PendingEntryProps) {
  const { send, author, startsRun, actions } = props;
  const { state, replyTo } = send;
  const failed = state.status === 'failed';
  return (
    <article
      className={`entry mine pending${failed ? ' failed' : ''}${startsRun ? ' starts' : ''}`}
      data-send={state.status}
      aria-label={`You, ${failed ? 'not sent' : 'sending'}`}
    >
      <span className="entry-seq mono" aria-hidden="true">
        {state.status === 'sent' ? state.seq : failed ? '!' : '·'}
      </span>
      <div className="entry-body">
        {startsRun ? (
          <header className="entry-by">
            <bdi className="entry-author">{author}</bdi>
          </header>
        ) : null}
        {replyTo === undefined ? null : <Quote {...props} seq={replyTo} tabbable={false} goTo={actions.goTo} />}
        <p className={isOnlyEmoji(send.text) ? 'entry-text emoji' : 'entry-text'} dir="auto">
          <RichText text={send.text} tabbable={false} />
        </p>
        {failed ? (
          <div className="entry-failure" role="alert">
            <span>
              Not sent. {codeText(state.code)} {state.maybeWritten ? 'An earlier try may have arrived.' : ''}
            </span>
            <button
              type="button"
              className="link-button"
              onClick={(event) => leaveFor(event, () => actions.retry(send.uuid))}
            >
              Send again
            </button>
            <button
              type="button"
              className="link-button"
              onClick={(event) => leaveFor(event, () => actions.discard(send.uuid))}
            >
              Discard
            </button>
          </div>
        ) : null}
      </div>
      {state.status === 'pending' && state.attempts > 0 ? <span className="entry-time">waiting</span> : null}
    </article>
  );
});
