/** Chooses a day of the conversation to go to. */
import { type FormEvent, useState } from 'react';
import { Dialog } from '../ui/dialog.tsx';

interface JumpDialogProps {
  readonly onJump: (day: Date) => void;
  readonly onClose: () => void;
}

const dateValue = (date: Date): string =>
  `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;

export function JumpDialog({ onJump, onClose }: JumpDialogProps) {
  const [value, setValue] = useState(() => dateValue(new Date()));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const [year = 0, month = 1, day = 1] = value.split('-').map(Number);
    if (value === '') return;
    onClose();
    onJump(new Date(year, month - 1, day));
  };
  return (
    <Dialog title="Jump to a date" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <label className="field">
          <span>Day</span>
          <input
            className="input mono"
            type="date"
            required
            value={value}
            max={dateValue(new Date())}
            autoFocus
            onChange={(event) => setValue(event.target.value)}
          />
          <span className="hint">The first message of that day comes on the screen, or the next after it.</span>
        </label>
        <div className="dialog-actions">
          <button type="submit" className="button primary">
            Go there
          </button>
        </div>
      </form>
    </Dialog>
  );
}
