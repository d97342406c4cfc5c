/** Where the focus goes on when the button that had it is gone. */
import type { MouseEvent } from 'react';

export const focusComposer = (): void => document.getElementById('composer')?.focus();

/** A button's click that no pointer made. By touch, the focus in a field would bring up the keyboard. */
export const isByKey = (event: MouseEvent): boolean => event.detail === 0;
