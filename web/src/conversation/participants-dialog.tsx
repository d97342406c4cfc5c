/** Who is in a conversation: add, remove, rename, leave; for two people, block. */
import { type FormEvent, useEffect, useState } from 'react';
import { titleCharactersMax } from '#domain/limits';
import type { Conversation, Participant } from '#protocol/shapes';
import { useApp } from '../app-context.ts';
import { personName } from '../names.ts';
import { attempt, notify } from '../notices.ts';
import { isShown, navigate } from '../router.ts';
import { blockedPeople } from '../shell/blocked.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Monogram } from '../ui/monogram.tsx';

interface ParticipantsDialogProps {
  readonly conversation: Conversation;
  readonly onChanged: () => Promise<void>;
  readonly onClose: () => void;
}

export function ParticipantsDialog({ conversation, onChanged, onClose }: ParticipantsDialogProps) {
  const { me, api, session } = useApp();
  const group = conversation.kind === 'group';
  const { uuid } = conversation;

  const leave = async (): Promise<void> => {
    if (await attempt('You are still in the group.', () => api.removeParticipant(uuid, me.handle))) {
      onClose();
      if (isShown(uuid)) navigate({ name: 'inbox' }, 'replace');
      await session.inbox.refresh();
    }
  };

  return (
    <Dialog title={group ? 'The group' : 'Conversation'} onClose={onClose}>
      {group ? <TitleForm conversation={conversation} onChanged={onChanged} /> : null}
      <ul className="people">
        {conversation.participants.map((person) => (
          <Person
            key={person.uuid}
            person={person}
            self={person.uuid === me.uuid}
            removable={group && person.uuid !== me.uuid}
            onRemove={async () => {
              if (await attempt('Nobody was removed.', () => api.removeParticipant(uuid, person.handle))) {
                await onChanged();
              }
            }}
          />
        ))}
      </ul>
      {group ? <AddForm uuid={uuid} onChanged={onChanged} /> : null}
      {group ? (
        <div className="dialog-actions">
          <button type="button" className="button danger" onClick={leave}>
            Leave the group
          </button>
        </div>
      ) : null}
    </Dialog>
  );
}

interface PersonProps {
  readonly person: Participant;
  readonly self: boolean;
  readonly removable: boolean;
  readonly onRemove: () => Promise<void>;
}

function Person({ person, self, removable, onRemove }: PersonProps) {
  return (
    <li className="person">
      <Monogram name={personName(person.display_name)} id={person.uuid} small />
      <span className="person-name">
        <bdi>{personName(person.display_name)}</bdi> {self ? <span className="hint">you</span> : null}
        <span className="mono">@{person.handle}</span>
      </span>
      {self || person.handle === '' ? null : removable ? (
        <button type="button" className="link-button" onClick={onRemove} aria-label={`Remove ${person.display_name}`}>
          Remove
        </button>
      ) : (
        <BlockButton handle={person.handle} name={person.display_name} />
      )}
    </li>
  );
}

/** Blocks, or takes it back. */
function BlockButton({ handle, name }: { readonly handle: string; readonly name: string }) {
  const { api } = useApp();
  const [blocked, setBlocked] = useState<boolean>();
  useEffect(() => {
    let gone = false;
    blockedPeople(api).then(
      (people) => {
        if (!gone) setBlocked(people.some((user) => user.handle === handle));
      },
      () => undefined, // the button stays away
    );
    return () => {
      gone = true;
    };
  }, [api, handle]);
  if (blocked === undefined) return null;
  const toggle = async (): Promise<void> => {
    const worked = await attempt('Nothing was changed.', () => (blocked ? api.unblock(handle) : api.block(handle)));
    if (!worked) return;
    setBlocked(!blocked);
    notify(blocked ? `${name} can write to you again.` : `${name} can no longer write to you directly.`);
  };
  return (
    <button type="button" className={`button${blocked ? '' : ' danger'}`} onClick={toggle}>
      {blocked ? 'Unblock' : 'Block'}
    </button>
  );
}

function TitleForm({
  conversation,
  onChanged,
}: {
  readonly conversation: Conversation;
  readonly onChanged: () => Promise<void>;
}) {
  const { api } = useApp();
  const [title, setTitle] = useState(conversation.title ?? '');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const next = title.trim();
    if (next === '' || next === conversation.title) return;
    if (await attempt('The title stays.', () => api.updateConversation(conversation.uuid, { title: next }))) {
      await onChanged();
    }
  };
  return (
    <form className="form-line" onSubmit={submit}>
      <label className="field">
        <span>Title</span>
        <input
          className="input"
          dir="auto"
          value={title}
          maxLength={titleCharactersMax}
          onChange={(event) => setTitle(event.target.value)}
        />
      </label>
      <button type="submit" className="button">
        Rename
      </button>
    </form>
  );
}

function AddForm({ uuid, onChanged }: { readonly uuid: string; readonly onChanged: () => Promise<void> }) {
  const { api } = useApp();
  const [handle, setHandle] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wanted = handle.trim().replace(/^@/, '').toLowerCase();
    if (wanted === '') return;
    if (await attempt('Nobody was added.', () => api.addParticipant(uuid, wanted))) {
      setHandle('');
      await onChanged();
    }
  };
  return (
    <form className="form-line" onSubmit={submit}>
      <label className="field">
        <span>Add somebody</span>
        <input
          className="input mono"
          placeholder="@handle"
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          value={handle}
          onChange={(event) => setHandle(event.target.value)}
        />
      </label>
      <button type="submit" className="button">
        Add
      </button>
    </form>
  );
}
