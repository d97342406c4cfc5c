/** Asked only when messages wait to be sent: they would leave with the person. */
import { useApp } from '../app-context.ts';
import { Dialog } from '../ui/dialog.tsx';
import { usePart } from '../use-store.ts';

export function SignOutDialog({ onClose }: { readonly onClose: () => void }) {
  const { session, signOut } = useApp();
  const waiting = usePart(session.sends, (sends) => sends.length);
  return (
    <Dialog title="Sign out?" onClose={onClose}>
      <p>
        {waiting === 1 ? 'One message was not sent yet.' : `${waiting} messages were not sent yet.`} Signing out forgets
        {waiting === 1 ? ' it' : ' them'}, and your drafts on this device.
      </p>
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Stay
        </button>
        <button type="button" className="button danger" onClick={signOut}>
          Sign out
        </button>
      </div>
    </Dialog>
  );
}
