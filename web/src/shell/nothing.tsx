/** The right pane while no conversation is open: a word on what to do, and for a newcomer the first three lines of the listing. */
import { useApp } from '../app-context.ts';
import { setPreference } from '../preferences.ts';
import { Mark } from '../ui/icons.tsx';
import { usePart } from '../use-store.ts';

export function Nothing({ onStart }: { readonly onStart: () => void }) {
  const { session } = useApp();
  const isFirst = usePart(session.inbox, ({ inbox }) => inbox.load.status === 'ready' && inbox.rows.length === 0);
  return (
    <main className="conversation nothing" aria-label="No conversation">
      {isFirst ? <FirstSteps onStart={onStart} /> : <Choose />}
    </main>
  );
}

function Choose() {
  return (
    <div className="nothing-sheet">
      <Mark size={48} />
      <p>Choose a conversation, or start one.</p>
      <p className="hint">
        <span className="kbd">n</span> starts one, <span className="kbd">?</span> shows all keys
      </p>
    </div>
  );
}

function FirstSteps({ onStart }: { readonly onStart: () => void }) {
  const { me, config } = useApp();
  return (
    <div className="first-sheet sheet">
      <p className="fold">Your first minute</p>
      <ol className="first-steps">
        <li>
          <h2>Write to somebody</h2>
          <p>
            A handle is all it takes; several make a group. Each line you send gets its number here, and the number is
            the receipt: it is kept, once, in this order.
          </p>
          <button type="button" className="button primary" onClick={onStart}>
            Start a conversation
          </button>
        </li>
        <li>
          <h2>Be written to</h2>
          <p>
            Others reach you as <strong className="mono">@{me.handle}</strong>.
            {config.sign_in === 'embedded'
              ? ' To see both sides, open this address in a second window and come in as somebody else.'
              : ''}
          </p>
        </li>
        {config.lens ? (
          <li>
            <h2>See what it takes</h2>
            <p>
              The Lens shows each request to DynamoDB as you cause it: its key condition, its items, and what a million
              of them cost.
            </p>
            <button type="button" className="button" onClick={() => setPreference({ lens: true })}>
              Open the Lens <span className="kbd">l</span>
            </button>
          </li>
        ) : null}
      </ol>
    </div>
  );
}
