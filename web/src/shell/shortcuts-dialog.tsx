/** Every key the app knows, and the switch for the single ones. */
import { preferences, setPreference } from '../preferences.ts';
import { Dialog } from '../ui/dialog.tsx';
import { useStore } from '../use-store.ts';
import { shortcutHelp } from './use-shortcuts.ts';

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const { singleKeys } = useStore(preferences);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} className="shortcuts">
      <label className="switch">
        <input
          type="checkbox"
          checked={singleKeys}
          onChange={(event) => setPreference({ singleKeys: event.target.checked })}
        />
        <span>Single keys are shortcuts outside text fields</span>
      </label>
      <dl className="keys">
        {shortcutHelp.map(({ keys, what, single }) => (
          <div key={keys.join() + what} data-off={single === true && !singleKeys}>
            <dt>
              {keys.map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
