/** Starts a conversation: one handle is a direct one, several make a group. */
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { groupMembersMax, titleCharactersMax } from '#domain/limits';
import { useApp } from '../app-context.ts';
import { problemText } from '../problem-text.ts';
import { navigate } from '../router.ts';
import { Dialog } from '../ui/dialog.tsx';

/** Handles as people type them: with or without @, apart by spaces or commas. */
const handlesOf = (text: string): string[] => [
  ...new Set(
    text
      .split(/[\s,;]+/)
      .map((part) => part.replace(/^@/, '').toLowerCase())
      .filter(Boolean),
  ),
];

export function NewConversationDialog({ onClose }: { readonly onClose: () => void }) {
  const { api, session, config, me } = useApp();
  const [people, setPeople] = useState('');
  const [title, setTitle] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const closed = useRef(false);
  useEffect(() => {
    closed.current = false;
    return () => {
      closed.current = true;
    };
  }, []);
  const handles = handlesOf(people);
  const group = handles.length > 1;
  const sample = config.sign_in === 'embedded' ? config.people.filter((person) => person.handle !== me.handle) : [];

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (handles.length === 0) return setProblem('Type at least one handle.');
    if (handles.includes(me.handle)) return setProblem('You are part of it anyway: leave out your own handle.');
    if (handles.length >= groupMembersMax) return setProblem(`A group holds ${groupMembersMax} people.`);
    setBusy(true);
    try {
      const conversation = await api.createConversation({
        handles,
        ...(group
          ? {
              title:
                title.trim() ||
                handles
                  .map((handle) => `@${handle}`)
                  .join(', ')
                  .slice(0, titleCharactersMax),
            }
          : {}),
      });
      // Whoever closed the dialog meanwhile is elsewhere: the conversation is in their list.
      if (!closed.current) {
        onClose();
        navigate({ name: 'conversation', uuid: conversation.uuid });
      }
      await session.inbox.refresh();
    } catch (error) {
      setProblem(problemText(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title="New conversation" onClose={onClose}>
      <form className="form" onSubmit={submit} noValidate>
        <label className="field">
          <span>Who with</span>
          <input
            className="input mono"
            value={people}
            placeholder="@handle"
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            autoFocus
            aria-describedby="people-hint people-problem"
            aria-invalid={problem !== undefined}
            onChange={(event) => {
              setPeople(event.target.value);
              setProblem(undefined);
            }}
          />
          <span className="hint" id="people-hint">
            One handle starts a direct conversation; several, apart by spaces, make a group.
          </span>
          <span className="problem" id="people-problem" role="alert">
            {problem}
          </span>
        </label>
        {sample.length > 0 ? (
          <fieldset className="chips">
            <legend className="hint">People of this server</legend>
            {sample.map((person) => (
              <button
                key={person.handle}
                type="button"
                className="chip"
                aria-pressed={handles.includes(person.handle)}
                onClick={() =>
                  setPeople(
                    (handles.includes(person.handle)
                      ? handles.filter((handle) => handle !== person.handle)
                      : [...handles, person.handle]
                    )
                      .map((handle) => `@${handle}`)
                      .join(' '),
                  )
                }
              >
                {person.display_name}
              </button>
            ))}
          </fieldset>
        ) : null}
        {group ? (
          <label className="field">
            <span>Title of the group</span>
            <input
              className="input"
              dir="auto"
              value={title}
              maxLength={titleCharactersMax}
              onChange={(event) => setTitle(event.target.value)}
            />
          </label>
        ) : null}
        <div className="dialog-actions">
          <button type="submit" className="button primary" disabled={busy}>
            {group ? 'Make the group' : 'Start'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
