/** A modal dialog on the browser's own element: it keeps the focus inside, closes with Escape and gives the focus back. */
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon } from './icons.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Dialog({ title: name, onClose, children, className = '' }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const heading = useId();
  useEffect(() => {
    const opener = document.activeElement;
    // A button that is there only while its message has the focus is gone by then: the message itself is not.
    const around = opener?.parentElement?.closest('[tabindex]');
    const dialog = element.current;
    if (dialog !== null && !dialog.open) dialog.showModal();
    // A button that goes with what it removed would leave the focus nowhere.
    const watch = new MutationObserver(() => {
      if (document.activeElement === document.body) title.current?.focus();
    });
    if (dialog !== null) watch.observe(dialog, { childList: true, subtree: true });
    return () => {
      watch.disconnect();
      const home = [opener, around].find((place) => place instanceof HTMLElement && place.isConnected);
      if (home instanceof HTMLElement) home.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is a second way; Escape and the button are the first.
    <dialog
      ref={element}
      className={`dialog ${className}`}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) element.current?.close();
      }}
    >
      <header>
        <h2 ref={title} id={heading} tabIndex={-1}>
          {name}
        </h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={() => element.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
