/** Tells screen readers what arrives. History that is scrolled to is not announced: only who calls `announce` is heard. */
import { useEffect } from 'react';
import { createSignal } from '#client/signal';
import { useStore } from './use-store.ts';

let latest = { id: 0, text: '' };
const spoken = createSignal(() => latest);

/** Politely: after what is being read now. The same text twice is said twice. */
export function announce(text: string): void {
  latest = { id: latest.id + 1, text };
  spoken.changed();
}

export function Announcer() {
  const { id, text } = useStore(spoken);
  // What was said to one person is not there for the next at this machine.
  useEffect(() => () => announce(''), []);
  return (
    <div className="sr-only" role="status" aria-live="polite" data-announcer>
      <span key={id}>{text}</span>
    </div>
  );
}
