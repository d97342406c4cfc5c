/** Short messages about what just happened, one at a time, for components anywhere. */
import { createSignal } from '#client/signal';
import { problemText } from './problem-text.ts';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
}

/** Long enough to read two lines twice; it can also be closed. */
const shownMs = 8_000;

let current: Notice | undefined;
let counter = 0;
let timer = 0;

export const notices = createSignal<Notice | undefined>(() => current);

export function dismissNotice(): void {
  clearTimeout(timer);
  current = undefined;
  notices.changed();
}

export function notify(text: string, bad = false): void {
  clearTimeout(timer);
  counter += 1;
  current = { id: counter, text, bad };
  timer = window.setTimeout(dismissNotice, shownMs);
  notices.changed();
}

/** Runs an action for a click: its failure becomes a notice. Resolves to whether it worked. */
export async function attempt(what: string, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    notify(`${what} ${problemText(error)}`, true);
    return false;
  }
}
