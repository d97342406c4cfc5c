/**
 * Where a tab keeps what it has not sent yet. Each tab of a user holds a slot of its own by a lock that the browser frees
 * with the tab; what a closed tab left behind is taken over, and sent, by the next one that starts.
 */
import type { OutboxStorage } from '#client/outbox-storage';

/** Tabs of one user that keep their unsent messages over a reload; later ones keep them in memory only. */
const slotsMax = 16;

/** Holds the lock for as long as the tab lives, or until `release`. Resolves to whether it was free. */
const hold = (name: string, release: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        return new Promise<void>((done) => {
          if (release.aborted) done();
          release.addEventListener('abort', () => done());
        });
      })
      .catch(() => resolve(false));
  });

async function takeSlot(user: string, release: AbortSignal): Promise<string | undefined> {
  const names = Array.from({ length: slotsMax }, (_, slot) => `parley.${user}.outbox.${slot}`);
  // Left-over messages first: they have waited longest.
  names.sort((a, b) => Number(localStorage.getItem(b) !== null) - Number(localStorage.getItem(a) !== null));
  for (const name of names) if (await hold(name, release)) return name;
  return undefined;
}

/** `release` gives the slot back: at sign-out, since the page stays. */
export function createOutboxStorage(user: string, release: AbortSignal): OutboxStorage {
  let slot: string | undefined;
  let early: string | undefined;
  const save = (text: string): void => {
    early = text;
    if (slot === undefined) return;
    try {
      if (isEmpty(text)) localStorage.removeItem(slot);
      else localStorage.setItem(slot, text);
    } catch {
      // Full or refused: the messages are still in memory, and being sent.
    }
  };
  return {
    load: async () => {
      slot = await takeSlot(user, release);
      const text = slot === undefined ? null : localStorage.getItem(slot);
      if (early !== undefined) save(early);
      return text;
    },
    save,
  };
}

/** An empty slot is removed, so that a slot that exists has something in it. */
const isEmpty = (text: string): boolean => text.includes('"items":[]');
