/** The way in: a sample person or a new handle (the embedded server), or the configured identity provider. */
import { type FormEvent, useState } from 'react';
import { Mark } from '../ui/icons.tsx';
import { Monogram } from '../ui/monogram.tsx';
import { type Account, signInHosted, signInWithHandle } from './account.ts';

type SignedOut = Extract<Account, { status: 'signed_out' }>;

export function SignInScreen({ state }: { readonly state: SignedOut }) {
  const { config, busy, problem } = state;
  return (
    <main className="sign-in">
      <div className="sign-in-sheet">
        <header className="sign-in-head">
          <Mark size={44} />
          <h1>Parley</h1>
          <p>Direct messages, kept as a log.</p>
        </header>
        <p className="problem-line" role="alert">
          {problem}
        </p>
        {config.sign_in === 'embedded' ? (
          <Embedded people={config.people} busy={busy} />
        ) : (
          <button type="button" className="button primary" disabled={busy} onClick={signInHosted}>
            {busy ? 'One moment…' : 'Sign in'}
          </button>
        )}
      </div>
    </main>
  );
}

interface EmbeddedProps {
  readonly people: readonly { readonly handle: string; readonly display_name: string }[];
  readonly busy: boolean;
}

function Embedded({ people, busy }: EmbeddedProps) {
  const [handle, setHandle] = useState('');
  const [name, setName] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const wanted = handle.trim().replace(/^@/, '').toLowerCase();
    if (wanted !== '') signInWithHandle(wanted, name.trim() === '' ? undefined : name.trim());
  };
  return (
    <>
      {people.length > 0 ? (
        <section>
          <h2 className="sign-in-rule">Come in as</h2>
          <ul className="sign-in-people">
            {people.map((person, place) => (
              <li key={person.handle}>
                <button type="button" disabled={busy} onClick={() => signInWithHandle(person.handle)}>
                  <span className="entry-seq mono" aria-hidden="true">
                    {place + 1}
                  </span>
                  <Monogram name={person.display_name} id={person.handle} small />
                  <span dir="auto">{person.display_name}</span>
                  <span className="mono sign-in-handle">@{person.handle}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section>
        <h2 className="sign-in-rule">{people.length > 0 ? 'or as somebody new' : 'Come in'}</h2>
        <form className="form sign-in-form" onSubmit={submit}>
          <label className="field">
            <span>Handle</span>
            <input
              className="input mono"
              required
              pattern="@?[A-Za-z0-9_]{3,30}"
              title="3 to 30 of a–z, 0–9 and _"
              placeholder="@handle"
              autoCapitalize="none"
              autoComplete="username"
              spellCheck={false}
              value={handle}
              onChange={(event) => setHandle(event.target.value)}
            />
          </label>
          <label className="field">
            <span>
              Name <span className="hint">if the handle is new</span>
            </span>
            <input
              className="input"
              dir="auto"
              autoComplete="name"
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <button type="submit" className="button primary" disabled={busy}>
            {busy ? 'One moment…' : 'Come in'}
          </button>
        </form>
        <p className="hint sign-in-note">
          This server signs in whoever asks: it runs for you alone, on this machine. Open a second tab as somebody else
          and talk.
        </p>
      </section>
    </>
  );
}

export function StartScreen({ unreachable }: { readonly unreachable: boolean }) {
  return (
    <main className="sign-in">
      <div className="sign-in-sheet">
        <header className="sign-in-head">
          <Mark size={44} />
          <h1>Parley</h1>
        </header>
        <div className="start-state" role="status">
          <span className="spinner" aria-hidden="true" />
          <p>{unreachable ? 'The server does not answer. Trying again…' : 'Opening…'}</p>
        </div>
      </div>
    </main>
  );
}
