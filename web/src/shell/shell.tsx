/** The signed-in app: the list and one conversation side by side, or one at a time on a phone, and the Lens beside them. */
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useState } from 'react';
import { Announcer } from '../announcer.tsx';
import { useApp } from '../app-context.ts';
import { ConversationPane } from '../conversation/conversation-pane.tsx';
import { focusList } from '../inbox/focus-list.ts';
import { InboxPane } from '../inbox/inbox-pane.tsx';
import { NewConversationDialog } from '../inbox/new-conversation-dialog.tsx';
import { preferences, setPreference } from '../preferences.ts';
import { leaveConversation, navigate, router } from '../router.ts';
import { useStore } from '../use-store.ts';
import { Nothing } from './nothing.tsx';
import { Notices } from './notices-bar.tsx';
import { ProfileDialog } from './profile-dialog.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';
import { SignOutDialog } from './sign-out-dialog.tsx';
import { useOtherConversations, useTitle } from './use-news.ts';
import { usePaneFocus } from './use-pane-focus.ts';
import { useShortcuts } from './use-shortcuts.ts';
import { Weather } from './weather.tsx';

// Learners and operators open it; everybody else never loads it.
const LensPanel = lazy(() => import('../lens/lens-panel.tsx').then((module) => ({ default: module.LensPanel })));

type Open = 'none' | 'new' | 'profile' | 'shortcuts' | 'jump' | 'sign_out';

export function Shell() {
  const { session, config, signOut } = useApp();
  const place = useStore(router);
  const { lens, singleKeys } = useStore(preferences);
  const [open, setOpen] = useState<Open>('none');
  const uuid = place.name === 'conversation' ? place.uuid : undefined;
  // The choice shows at once, in the list; the conversation follows in a frame of its own, which a next choice may overtake.
  const shown = useDeferredValue(uuid);
  const lensOpen = lens && config.lens;
  const close = useCallback((): void => setOpen('none'), []);
  const start = useCallback((): void => setOpen('new'), []);
  const openJump = useCallback((jumping: boolean): void => setOpen(jumping ? 'jump' : 'none'), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the dialog for a date goes with the conversation it was opened over.
  useEffect(() => setOpen((now) => (now === 'jump' ? 'none' : now)), [uuid]);
  const leave = useCallback((): void => {
    if (session.sends.getSnapshot().length === 0) signOut();
    else setOpen('sign_out');
  }, [session, signOut]);

  useTitle();
  useOtherConversations(uuid);
  usePaneFocus(shown);
  useShortcuts(singleKeys, {
    newConversation: start,
    shortcuts: () => setOpen('shortcuts'),
    jump: () => setOpen(uuid === undefined ? 'none' : 'jump'),
    lens: () => {
      if (config.lens) setPreference({ lens: !preferences.getSnapshot().lens });
    },
    compose: () => document.getElementById('composer')?.focus(),
    list: focusList,
    find: () => document.getElementById('find')?.focus(),
    log: () => document.querySelector<HTMLElement>('[data-log] [data-entry][tabindex="0"]')?.focus(),
    step: (by) => {
      const { rows, indexOf } = session.inbox.getSnapshot().inbox;
      const at = indexOf(uuid);
      const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
      if (next !== undefined) navigate({ name: 'conversation', uuid: next.uuid });
    },
    back: leaveConversation,
  });

  return (
    <div className={`shell${shown === undefined ? '' : ' in-conversation'}${lensOpen ? ' with-lens' : ''}`}>
      {shown === undefined ? null : (
        <a className="skip" href="#composer">
          Skip to writing
        </a>
      )}
      <Weather />
      <InboxPane selected={uuid} lensOpen={lensOpen} onOpen={setOpen} onSignOut={leave} />
      {shown === undefined ? (
        <Nothing onStart={start} />
      ) : (
        <ConversationPane key={shown} uuid={shown} lensOpen={lensOpen} jumping={open === 'jump'} onJumping={openJump} />
      )}
      {lensOpen ? (
        <Suspense fallback={<aside className="lens" aria-label="The Lens" aria-busy="true" />}>
          <LensPanel conversation={shown} />
        </Suspense>
      ) : null}
      {open === 'new' ? <NewConversationDialog onClose={close} /> : null}
      {open === 'profile' ? <ProfileDialog onClose={close} /> : null}
      {open === 'sign_out' ? <SignOutDialog onClose={close} /> : null}
      {open === 'shortcuts' ? <ShortcutsDialog onClose={close} /> : null}
      <Notices />
      <Announcer />
    </div>
  );
}
