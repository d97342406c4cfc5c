/** Where the focus goes when the pane that had it makes room: on a phone for the other pane, anywhere for another conversation. */
import { useEffect, useRef } from 'react';

/** Into the name of the conversation that is shown, or back to the row of the one that was. A focus that stands stays. */
export function usePaneFocus(shown: string | undefined): void {
  const before = useRef(shown);
  useEffect(() => {
    const left = before.current;
    before.current = shown;
    if (left === shown) return;
    const active = document.activeElement;
    if (
      active instanceof HTMLElement &&
      active !== document.body &&
      active.checkVisibility({ visibilityProperty: true })
    )
      return;
    const home = shown === undefined ? `[data-row="${left}"]` : '.conversation h2';
    document.querySelector<HTMLElement>(home)?.focus({ preventScroll: true });
  }, [shown]);
}
