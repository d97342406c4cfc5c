/** What the page tells of conversations that are not open: the count in the tab's title, and a word for screen readers. */
import { useEffect } from 'react';
import { announce } from '../announcer.tsx';
import { useApp } from '../app-context.ts';
import { rowName } from '../names.ts';

/** The unread count stands in the title of the tab. */
export function useTitle(): void {
  const { session } = useApp();
  useEffect(() => {
    const show = (): void => {
      const { unread } = session.inbox.getSnapshot();
      document.title = unread > 0 ? `(${unread}) Parley` : 'Parley';
    };
    show();
    const leave = session.inbox.subscribe(show);
    return () => {
      leave();
      document.title = 'Parley';
    };
  }, [session]);
}

/** Says that somebody wrote in a conversation that is not open. Whoever writes comes to the top: only that is looked at. */
export function useOtherConversations(open: string | undefined): void {
  const { session } = useApp();
  useEffect(() => {
    let newest: string | undefined;
    const look = (): void => {
      const { rows, load } = session.inbox.getSnapshot().inbox;
      if (load.status !== 'ready') return;
      const before = newest ?? rows[0]?.last_message_at ?? '';
      newest = rows[0]?.last_message_at ?? '';
      for (const row of rows) {
        if (row.last_message_at <= before) return;
        if (row.uuid === open || row.muted || row.unread === 0) continue;
        announce(`New message from ${rowName(row)}`);
        return;
      }
    };
    look();
    return session.inbox.subscribe(look);
  }, [session, open]);
}
