/** The notice of the moment, where it does not cover the composer. */
import { useEffect } from 'react';
import { dismissNotice, notices } from '../notices.ts';
import { Icon } from '../ui/icons.tsx';
import { useStore } from '../use-store.ts';

export function Notices() {
  const notice = useStore(notices);
  useEffect(() => dismissNotice, []);
  return (
    <div className="notices" role="status" aria-live="polite">
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
