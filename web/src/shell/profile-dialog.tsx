/** My name and handle, who is blocked, and my data: take it along, or have it erased. */
import { type FormEvent, useState } from 'react';
import { displayNameCharactersMax } from '#domain/limits';
import { useApp } from '../app-context.ts';
import { attempt, notify } from '../notices.ts';
import { problemText } from '../problem-text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { BlockedPeople } from './blocked-people.tsx';

export function ProfileDialog({ onClose }: { readonly onClose: () => void }) {
  const [erasing, setErasing] = useState(false);
  if (erasing) return <EraseDialog onClose={onClose} />;
  return (
    <Dialog title="Profile and data" onClose={onClose}>
      <ProfileForm />
      <BlockedPeople />
      <YourData onErase={() => setErasing(true)} />
    </Dialog>
  );
}

function ProfileForm() {
  const { me, api, updateMe } = useApp();
  const [name, setName] = useState(me.display_name);
  const [handle, setHandle] = useState(me.handle);
  const [problem, setProblem] = useState<string>();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const change = {
      ...(name.trim() === me.display_name ? {} : { display_name: name.trim() }),
      ...(handle.trim().toLowerCase() === me.handle ? {} : { handle: handle.trim().toLowerCase() }),
    };
    if (Object.keys(change).length === 0) return;
    try {
      updateMe(await api.updateMe(change));
      setProblem(undefined);
      notify('Your profile is changed.');
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <label className="field">
        <span>Name</span>
        <input
          className="input"
          dir="auto"
          autoComplete="name"
          value={name}
          maxLength={displayNameCharactersMax}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="field">
        <span>Handle</span>
        <input
          className="input mono"
          autoCapitalize="none"
          autoComplete="username"
          spellCheck={false}
          value={handle}
          aria-describedby="handle-hint"
          onChange={(event) => setHandle(event.target.value)}
        />
        <span className="hint" id="handle-hint">
          3 to 30 of a–z, 0–9 and _. The old handle becomes free for others.
        </span>
      </label>
      <p className="problem-line" role="alert">
        {problem}
      </p>
      <div className="dialog-actions">
        <button type="submit" className="button primary">
          Save
        </button>
      </div>
    </form>
  );
}

function YourData({ onErase }: { readonly onErase: () => void }) {
  const { api, me } = useApp();
  const save = async (): Promise<void> => {
    await attempt('The export did not finish.', async () => {
      const response = await api.exportMe();
      const url = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = `parley-${me.handle}.jsonl`;
      link.click();
      URL.revokeObjectURL(url);
    });
  };
  return (
    <section className="section">
      <h3>Your data</h3>
      <p>Everything that is kept about you, decrypted, as one file with one JSON object a line.</p>
      <div className="dialog-actions start">
        <button type="button" className="button" onClick={save}>
          Export my data
        </button>
        <button type="button" className="button danger" onClick={onErase}>
          Erase me…
        </button>
      </div>
    </section>
  );
}

function EraseDialog({ onClose }: { readonly onClose: () => void }) {
  const { api, me, signOut } = useApp();
  const [typed, setTyped] = useState('');
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (typed.trim().replace(/^@/, '') !== me.handle) return;
    if (await attempt('Nothing was erased.', () => api.eraseMe())) {
      onClose();
      signOut();
    }
  };
  return (
    <Dialog title="Erase me" onClose={onClose}>
      <form className="form" onSubmit={submit} noValidate>
        <p>This cannot be taken back. From now on:</p>
        <ul className="consequences">
          <li>You are signed out everywhere, and your handle becomes free.</li>
          <li>Your profile, your list of conversations and your blocks are deleted.</li>
          <li>
            The keys of what you wrote are destroyed: nobody can read it any more, in the table or in its backups once
            those expire.
          </li>
          <li>Others keep their conversations; where you wrote, they see that somebody left.</li>
        </ul>
        <label className="field">
          <span>
            Type <span className="mono">{me.handle}</span> to confirm
          </span>
          <input
            className="input mono"
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Keep everything
          </button>
          <button type="submit" className="button danger" disabled={typed.trim().replace(/^@/, '') !== me.handle}>
            Erase me for good
          </button>
        </div>
      </form>
    </Dialog>
  );
}
