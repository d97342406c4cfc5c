/** The right pane: one conversation, its header, its log and the composer. */
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Timeline, TimelineSnapshot } from '#client/view';
import type { Message } from '#protocol/shapes';
import { useApp } from '../app-context.ts';
import { type Composing, readComposing, writeComposing } from '../drafts.ts';
import { conversationName, personName, rowName } from '../names.ts';
import { attempt, notify } from '../notices.ts';
import { codeText, problemText } from '../problem-text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icons.tsx';
import { usePart, useStore } from '../use-store.ts';
import type { EntryActions } from './actions.ts';
import { Composer, composingKey } from './composer.tsx';
import { ConversationHeader } from './conversation-header.tsx';
import { JumpDialog } from './jump-dialog.tsx';
import { MessageLog } from './message-log.tsx';
import { ParticipantsDialog } from './participants-dialog.tsx';

interface ConversationPaneProps {
  readonly uuid: string;
  readonly lensOpen: boolean;
  readonly jumping: boolean;
  readonly onJumping: (open: boolean) => void;
}

const writing: Composing = { kind: 'new' };
const editOf = ({ seq, message = '' }: Message): Composing => ({ kind: 'edit', seq, was: message, text: message });

/** What a reply answers: as it is now where it is loaded, else as it was when the reply was begun. */
function quotedOf(composing: Composing, snapshot: TimelineSnapshot): string {
  if (composing.kind !== 'reply') return '';
  const entry = snapshot.at(snapshot.indexOfSeq(composing.to));
  if (entry?.kind !== 'message') return composing.quoted ?? 'an earlier message';
  if (entry.message.deleted_at !== undefined) return 'a deleted message';
  return entry.message.message ?? 'a message that cannot be opened';
}

export const ConversationPane = memo(function ConversationPane(props: ConversationPaneProps) {
  const { uuid, lensOpen, jumping, onJumping } = props;
  const { me, session } = useApp();
  const timeline = session.timeline(uuid);
  const snapshot = useStore(timeline);
  const row = usePart(session.inbox, () => session.inbox.row(uuid));
  const [composing, setComposing] = useState(() => readComposing(me.uuid, uuid));
  // What was under way as the conversation was opened waits: only what is begun here takes the focus.
  const composed = useRef(false);
  const compose = useCallback(
    (next: Composing): void => {
      composed.current = true;
      writeComposing(me.uuid, uuid, next);
      setComposing(next);
    },
    [me, uuid],
  );
  const [wanted, setWanted] = useState<{ seq: number; at: number }>();
  const [sent, setSent] = useState<string>();
  const [deleting, setDeleting] = useState<Message>();
  const [managing, setManaging] = useState(false);
  const newFrom = useNewFrom(snapshot);

  const { conversation, load } = snapshot;
  const gone = load.status === 'failed' && load.code === 'not_found';
  const unnamed = gone ? 'No conversation' : '…';
  const name = conversation === undefined ? (row ? rowName(row) : unnamed) : conversationName(conversation, me.uuid);
  const names = useMemo(
    () => new Map(conversation?.participants.map((person) => [person.uuid, personName(person.display_name)])),
    [conversation],
  );
  const nameOf = useCallback(
    (user: string) => (user === me.uuid ? 'You' : (names.get(user) ?? 'Somebody')),
    [names, me],
  );

  const goTo = useCallback(
    async (seq: number): Promise<void> => {
      if (timeline.getSnapshot().indexOfSeq(seq) < 0) {
        await attempt('That message did not load.', () => timeline.jumpToSeq(seq));
      }
      setWanted({ seq, at: performance.now() });
    },
    [timeline],
  );

  const actions = useMemo<EntryActions>(
    () => ({
      reply: ({ seq, user_uuid, message }) => compose({ kind: 'reply', to: seq, author: user_uuid, quoted: message }),
      edit: (message) => compose(editOf(message)),
      remove: setDeleting,
      react: (message, emoji, on) =>
        void attempt('The reaction did not stick.', () => timeline.react(message.seq, emoji, on)),
      markUnread: async (message) => {
        if (await attempt('It stays read.', () => session.inbox.markUnread(uuid, message.seq)))
          notify('Marked unread.');
      },
      goTo,
      retry: session.retry,
      discard: session.discard,
    }),
    [timeline, session, uuid, goTo, compose],
  );

  /** What was written instead comes back to the field when it did not get through, unless something else is composed there. */
  const edit = async (seq: number, was: string, text: string): Promise<void> => {
    if (await attempt('The message stays as it was.', () => timeline.edit(seq, text))) return;
    if (readComposing(me.uuid, uuid).kind === 'new') compose({ kind: 'edit', seq, was, text });
  };

  const send = (text: string): boolean => {
    if (composing.kind === 'edit') {
      const { seq, was } = composing;
      compose(writing);
      if (text !== was) void edit(seq, was, text);
      return true;
    }
    try {
      setSent(timeline.send(text, composing.kind === 'reply' ? composing.to : undefined));
    } catch {
      notify('Too many messages wait to be sent. This one stays here until some are through.', true);
      return false;
    }
    compose(writing);
    if (!snapshot.atNewest) timeline.jumpToNewest();
    return true;
  };

  const editLast = (): void => {
    for (let index = snapshot.length - 1; index >= 0; index--) {
      const entry = snapshot.at(index);
      if (entry?.kind !== 'message' || entry.message.user_uuid !== me.uuid) continue;
      if (entry.message.deleted_at !== undefined || entry.message.kind !== 'text') continue;
      compose(editOf(entry.message));
      return;
    }
  };

  const jump = async (day: Date): Promise<void> => {
    if (await attempt('That day did not load.', () => timeline.jumpToDate(day.toISOString()))) {
      const seq = firstSeqFrom(timeline, day);
      if (seq !== undefined) setWanted({ seq, at: performance.now() });
    }
  };

  return (
    <main className="conversation" aria-label={name}>
      <ConversationHeader
        name={name}
        uuid={uuid}
        conversation={conversation}
        row={row}
        gone={gone}
        lensOpen={lensOpen}
        onPeople={() => setManaging(true)}
        onJump={() => onJumping(true)}
      />
      {load.status === 'failed' ? (
        <LoadProblem timeline={timeline} gone={gone} text={codeText(load.code)} />
      ) : snapshot.length === 0 ? (
        <EmptyLog loading={load.status === 'loading'} name={name} />
      ) : (
        <MessageLog
          key={uuid}
          timeline={timeline}
          snapshot={snapshot}
          myUuid={me.uuid}
          myName={me.display_name}
          nameOf={nameOf}
          newFrom={newFrom}
          wanted={wanted}
          sent={sent}
          actions={actions}
        />
      )}
      <Typing names={snapshot.typing.map(nameOf)} />
      {gone ? null : (
        <Composer
          key={composingKey(composing)}
          focus={composed.current}
          user={me.uuid}
          conversation={uuid}
          composing={composing}
          quoted={quotedOf(composing, snapshot)}
          to={name}
          nameOf={nameOf}
          onSend={send}
          onTyping={timeline.typing}
          onCancel={() => compose(writing)}
          onEditLast={editLast}
        />
      )}
      {jumping && !gone ? <JumpDialog onJump={jump} onClose={() => onJumping(false)} /> : null}
      {managing && conversation !== undefined ? (
        <ParticipantsDialog
          conversation={conversation}
          onChanged={() => timeline.refresh().catch((error: unknown) => notify(problemText(error), true))}
          onClose={() => setManaging(false)}
        />
      ) : null}
      {deleting === undefined ? null : (
        <DeleteDialog
          message={deleting}
          onClose={() => setDeleting(undefined)}
          onDelete={() => attempt('The message is still there.', () => timeline.remove(deleting.seq))}
        />
      )}
    </main>
  );
});

/** The first unread message as it was when the conversation came on the screen: it stays put while marks move on. */
function useNewFrom(snapshot: TimelineSnapshot): number | undefined {
  const captured = useRef<{ seq: number | undefined }>(undefined);
  if (captured.current === undefined && snapshot.load.status === 'ready') {
    captured.current = { seq: snapshot.readSeq < snapshot.newestSeq ? snapshot.readSeq + 1 : undefined };
  }
  return captured.current?.seq;
}

/** The first message of the window that is not before the day; the last when all are. */
function firstSeqFrom(timeline: Timeline, day: Date): number | undefined {
  const snapshot = timeline.getSnapshot();
  let last: number | undefined;
  for (let index = 0; index < snapshot.length; index++) {
    const entry = snapshot.at(index);
    if (entry?.kind !== 'message') continue;
    last = entry.message.seq;
    if (Date.parse(entry.message.created_at) >= day.getTime()) return last;
  }
  return last;
}

function Typing({ names }: { readonly names: readonly string[] }) {
  const [first, second] = names;
  let text = '';
  if (names.length > 2) text = 'Several people are writing';
  else if (second !== undefined) text = `${first} and ${second} are writing`;
  else if (first !== undefined) text = `${first} is writing`;
  return (
    <p className="typing" aria-live="off" data-typing={names.length}>
      {text === '' ? null : (
        <>
          <span dir="auto">{text}</span>
          <span className="caret" aria-hidden="true" />
        </>
      )}
    </p>
  );
}

function EmptyLog({ loading, name }: { readonly loading: boolean; readonly name: string }) {
  return (
    <div className="log">
      <div className="log-scroller">
        <div className="sheet log-empty" role="status">
          {loading ? (
            <>
              <span className="spinner" aria-hidden="true" />
              <p>Fetching messages…</p>
            </>
          ) : (
            <p>
              <span className="entry-seq mono">1</span>
              This is a fresh sheet. The first line between you and <bdi>{name}</bdi> is yours to write.
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

function LoadProblem({
  timeline,
  gone,
  text,
}: {
  readonly timeline: Timeline;
  readonly gone: boolean;
  readonly text: string;
}) {
  return (
    <div className="log">
      <div className="log-scroller">
        <div className="sheet log-empty" role="alert">
          <Icon name="warn" size={24} />
          <p>
            {gone ? 'There is no conversation here, or none that you are part of.' : `Messages did not load. ${text}`}
          </p>
          {gone ? null : (
            <button type="button" className="button" onClick={() => timeline.refresh().catch(() => undefined)}>
              Try again
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

interface DeleteDialogProps {
  readonly message: Message;
  readonly onClose: () => void;
  readonly onDelete: () => void;
}

function DeleteDialog({ message, onClose, onDelete }: DeleteDialogProps) {
  const focusMe = useRef<HTMLButtonElement>(null);
  useEffect(() => focusMe.current?.focus(), []);
  return (
    <Dialog title="Delete this message?" onClose={onClose}>
      <blockquote className="quoted" dir="auto">
        {message.message}
      </blockquote>
      <p>Its text is erased for everybody. The entry and its number, {message.seq}, stay in the log.</p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Keep it
        </button>
        <button
          ref={focusMe}
          type="button"
          className="button danger"
          onClick={() => {
            onClose();
            onDelete();
          }}
        >
          Delete
        </button>
      </div>
    </Dialog>
  );
}
