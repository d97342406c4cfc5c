/** Where messages are written: Enter sends, Shift+Enter starts a line, Up in an empty field edits my last message. */
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { messageCharactersMax } from '#domain/limits';
import { type Composing, readDraft, writeComposing, writeDraft } from '../drafts.ts';
import { formatNumber } from '../format.ts';
import { Icon } from '../ui/icons.tsx';

/** Tells one composing from another, for React. */
export const composingKey = (composing: Composing): string => {
  if (composing.kind === 'new') return 'new';
  return `${composing.kind} ${composing.kind === 'reply' ? composing.to : composing.seq}`;
};

interface ComposerProps {
  readonly user: string;
  readonly conversation: string;
  readonly composing: Composing;
  /** What a reply answers. */
  readonly quoted: string;
  /** Whether it takes the focus as it comes. */
  readonly focus: boolean;
  /** The name of who is written to. */
  readonly to: string;
  readonly nameOf: (uuid: string) => string;
  /** The text has been taken: the field becomes empty. A refusal is a notice, and the text stays. */
  readonly onSend: (text: string) => boolean;
  readonly onTyping: () => void;
  readonly onCancel: () => void;
  readonly onEditLast: () => void;
}

/** The counter is loud from here on. */
const nearLimit = 200;

/** Characters as the service counts them: code points. */
const lengthOf = (text: string): number => [...text].length;

export function Composer(props: ComposerProps) {
  const { user, conversation, composing, focus, to, nameOf } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  // One composer for each thing that is composed: the draft waits in storage while a message is edited, and comes back.
  const [text, setText] = useState(() => (composing.kind === 'edit' ? composing.text : readDraft(user, conversation)));
  const editing = composing.kind === 'edit';

  useLayoutEffect(() => {
    const element = field.current;
    if (!focus || element === null) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, [focus]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text.
  useEffect(() => {
    const element = field.current;
    if (element === null || CSS.supports('field-sizing', 'content')) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const change = (next: string): void => {
    setText(next);
    if (editing) {
      writeComposing(user, conversation, { ...composing, text: next });
      return;
    }
    writeDraft(user, conversation, next);
    if (next.trim() !== '') props.onTyping();
  };

  const length = lengthOf(text);
  const left = messageCharactersMax - length;
  const sendable = text.trim() !== '' && left >= 0;

  const send = (): void => {
    if (!sendable || !props.onSend(text.trim())) return;
    if (!editing) writeDraft(user, conversation, '');
    setText('');
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && composing.kind !== 'new') {
      event.preventDefault();
      event.stopPropagation();
      props.onCancel();
    } else if (event.key === 'ArrowUp' && text === '' && !event.altKey) {
      event.preventDefault();
      props.onEditLast();
    }
  };

  return (
    <div className={`composer${editing ? ' editing' : ''}`}>
      {composing.kind === 'new' ? null : (
        <div className="composer-mode">
          <span className="entry-seq mono">{editing ? composing.seq : composing.to}</span>
          <span className="composer-mode-text" dir="auto">
            {editing ? (
              'Editing your message'
            ) : (
              <>
                Reply to <bdi>{nameOf(composing.author)}</bdi>: {props.quoted}
              </>
            )}
          </span>
          <button
            type="button"
            className="icon-button"
            aria-label={editing ? 'Stop editing' : 'Do not reply'}
            title="Escape"
            onClick={props.onCancel}
          >
            <Icon name="close" size={18} />
          </button>
        </div>
      )}
      <div className="composer-line">
        <textarea
          ref={field}
          id="composer"
          rows={1}
          dir="auto"
          aria-label={editing ? 'Edit the message' : `Message to ${to}`}
          aria-describedby="composer-count"
          aria-invalid={left < 0}
          placeholder={`Write to ${to}`}
          value={text}
          enterKeyHint="send"
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <span
          id="composer-count"
          className={`composer-count mono${left < nearLimit ? ' near' : ''}${left < 0 ? ' over' : ''}`}
          hidden={length === 0}
        >
          <span aria-hidden="true">
            {formatNumber(length)}/{formatNumber(messageCharactersMax)}
          </span>
          <span className="sr-only">
            {left < 0 ? `${-left} characters too long` : `${formatNumber(left)} characters left`}
          </span>
        </span>
        <button
          type="button"
          className="send"
          aria-label={editing ? 'Save' : 'Send'}
          title="Enter"
          aria-disabled={!sendable}
          onClick={send}
        >
          <Icon name={editing ? 'edit' : 'send'} />
        </button>
      </div>
    </div>
  );
}
