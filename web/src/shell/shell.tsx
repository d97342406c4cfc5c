/** The signed-in app: the list and one conversation side by side, or one at a time on a phone, and the Lens beside them. */
import { lazy, Suspense, useEffect, useState } from 'react';
import { Announcer, announce } from '../announcer.tsx';
import { useApp } from '../app-context.ts';
import { ConversationPane } from '../conversation/conversation-pane.tsx';
import { InboxPane } from '../inbox/inbox-pane.tsx';
import { NewConversationDialog } from '../inbox/new-conversation-dialog.tsx';
import { rowName } from '../names.ts';
import { preferences, setPreference } from '../preferences.ts';
import { navigate, router } from '../router.ts';
import { Mark } from '../ui/icons.tsx';
import { useStore } from '../use-store.ts';
import { Notices } from './notices-bar.tsx';
import { ProfileDialog } from './profile-dialog.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';
import { SignOutDialog } from './sign-out-dialog.tsx';
import { useShortcuts } from './use-shortcuts.ts';
import { Weather } from './weather.tsx';

// Learners and operators open it; everybody else never loads it.
const LensPanel = lazy(() => import('../lens/lens-panel.tsx').then((module) => ({ default: module.LensPanel })));

type Open = 'none' | 'new' | 'profile' | 'shortcuts' | 'jump' | 'sign_out';

export function Shell() {
  const { session, config, signOut } = useApp();
  const waiting = useStore(session.sends).length;
  const place = useStore(router);
  const { lens, singleKeys } = useStore(preferences);
  const [open, setOpen] = useState<Open>('none');
  const uuid = place.name === 'conversation' ? place.uuid : undefined;
  const lensOpen = lens && config.lens;
  const close = (): void => setOpen('none');

  useTitle();
  useOtherConversations(uuid);
  useShortcuts(singleKeys, {
    newConversation: () => setOpen('new'),
    shortcuts: () => setOpen('shortcuts'),
    jump: () => setOpen(uuid === undefined ? 'none' : 'jump'),
    lens: () => {
      if (config.lens) setPreference({ lens: !preferences.getSnapshot().lens });
    },
    compose: () => document.getElementById('composer')?.focus(),
    list: () => document.querySelector<HTMLElement>('.rows a[tabindex="0"]')?.focus(),
    log: () => document.querySelector<HTMLElement>('[data-log] [data-entry][tabindex="0"]')?.focus(),
    step: (by) => {
      const { rows } = session.inbox.getSnapshot().inbox;
      const at = rows.findIndex((row) => row.uuid === uuid);
      const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
      if (next !== undefined) navigate({ name: 'conversation', uuid: next.uuid });
    },
    back: () => navigate({ name: 'inbox' }),
  });

  return (
    <div className={`shell${uuid === undefined ? '' : ' in-conversation'}${lensOpen ? ' with-lens' : ''}`}>
      {uuid === undefined ? null : (
        <a className="skip" href="#composer">
          Skip to writing
        </a>
      )}
      <Weather />
      <InboxPane
        selected={uuid}
        lensOpen={lensOpen}
        onNew={() => setOpen('new')}
        onProfile={() => setOpen('profile')}
        onShortcuts={() => setOpen('shortcuts')}
        onSignOut={() => (waiting === 0 ? signOut() : setOpen('sign_out'))}
      />
      {uuid === undefined ? (
        <Nothing />
      ) : (
        <ConversationPane
          key={uuid}
          uuid={uuid}
          lensOpen={lensOpen}
          jumping={open === 'jump'}
          onJumping={(jumping) => setOpen(jumping ? 'jump' : 'none')}
        />
      )}
      {lensOpen ? (
        <Suspense fallback={<aside className="lens" aria-label="The Lens" aria-busy="true" />}>
          <LensPanel conversation={uuid} />
        </Suspense>
      ) : null}
      {open === 'new' ? <NewConversationDialog onClose={close} /> : null}
      {open === 'profile' ? <ProfileDialog onClose={close} /> : null}
      {open === 'sign_out' ? <SignOutDialog waiting={waiting} onClose={close} /> : null}
      {open === 'shortcuts' ? <ShortcutsDialog onClose={close} /> : null}
      <Notices />
      <Announcer />
    </div>
  );
}

function Nothing() {
  return (
    <main className="conversation nothing" aria-label="No conversation">
      <div className="nothing-sheet">
        <Mark size={48} />
        <p>Choose a conversation, or start one.</p>
        <p className="hint">
          <span className="kbd">n</span> starts one, <span className="kbd">?</span> shows all keys
        </p>
      </div>
    </main>
  );
}

/** The unread count stands in the title of the tab. */
function useTitle(): void {
  const { session } = useApp();
  const { unread } = useStore(session.inbox);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Parley` : 'Parley';
  }, [unread]);
}

/** Says that somebody wrote in a conversation that is not open. */
function useOtherConversations(open: string | undefined): void {
  const { session } = useApp();
  useEffect(() => {
    let known: ReadonlyMap<string, number> | undefined;
    const look = (): void => {
      const { inbox } = session.inbox.getSnapshot();
      if (inbox.load.status !== 'ready') return;
      const now = new Map(inbox.rows.map((row) => [row.uuid, row.last_seq]));
      if (known !== undefined) {
        // New rows at the end are older pages: only what came in at the top is news.
        const news = inbox.rows.find(
          (row) =>
            row.uuid !== open && !row.muted && row.unread > 0 && (known?.get(row.uuid) ?? row.last_seq) < row.last_seq,
        );
        if (news !== undefined) announce(`New message from ${rowName(news)}`);
      }
      known = now;
    };
    look();
    return session.inbox.subscribe(look);
  }, [session, open]);
}
