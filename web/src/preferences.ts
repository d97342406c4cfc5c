/** Choices of this device: the Lens, and whether single keys are shortcuts (WCAG 2.1.4 asks for a way to turn them off). */
import { createSignal } from '#client/signal';
import { readStored, writeStored } from './storage.ts';

export interface Preferences {
  readonly lens: boolean;
  readonly singleKeys: boolean;
}

let current: Preferences = {
  lens: false,
  singleKeys: true,
  ...readStored<Partial<Preferences>>(localStorage, 'preferences'),
};

export const preferences = createSignal(() => current);

export function setPreference(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  writeStored(localStorage, 'preferences', current);
  preferences.changed();
}
