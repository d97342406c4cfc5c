/** A line that says when the page is cut off, what that means, and what waits to be sent. */
import { useEffect, useState } from 'react';
import { useApp } from '../app-context.ts';
import { online } from '../online.ts';
import { useStore } from '../use-store.ts';

/** A short break is repaired before anybody would have read about it. */
const patienceMs = 1_500;

export function Weather() {
  const { session } = useApp();
  const live = useStore(session.live);
  const sends = useStore(session.sends);
  const network = useStore(online);
  const [late, setLate] = useState(false);
  const cut = live.status !== 'open';
  useEffect(() => {
    if (!cut) return setLate(false);
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [cut]);
  const waiting = sends.filter((send) => send.state.status === 'pending').length;
  const shown = !network || (cut && late);
  return (
    <div className="weather" role="status" data-shown={shown}>
      {shown ? (
        <p>
          <strong>{network ? 'Reconnecting to the server.' : 'You are offline.'}</strong>{' '}
          {waiting === 0
            ? 'Keep writing: it is sent when the connection is back.'
            : `${waiting} ${waiting === 1 ? 'message waits' : 'messages wait'} and will be sent once, when the connection is back.`}
        </p>
      ) : null}
    </div>
  );
}
