/** The notice of the moment, where it does not cover the composer. */
import { useEffect, useRef } from 'react';
import { dismissNotice, notices } from '../notices.ts';
import { Icon } from '../ui/icons.tsx';
import { useStore } from '../use-store.ts';

export function Notices() {
  const notice = useStore(notices);
  /** Where the focus was before it came into the notice, which takes it along when it goes. */
  const before = useRef<EventTarget>(null);
  useEffect(() => dismissNotice, []);
  useEffect(() => {
    if (notice !== undefined || !(before.current instanceof HTMLElement)) return;
    if (document.activeElement === document.body) before.current.focus({ preventScroll: true });
    before.current = null;
  }, [notice]);
  return (
    <div
      className="notices"
      role="status"
      aria-live="polite"
      onFocus={(event) => {
        before.current = event.relatedTarget;
      }}
    >
      {notice === undefined ? null : (
        <div key={notice.id} className={`notice${notice.bad ? ' bad' : ''}`}>
          <span>{notice.text}</span>
          <button type="button" className="icon-button" aria-label="Close this notice" onClick={dismissNotice}>
            <Icon name="close" size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
