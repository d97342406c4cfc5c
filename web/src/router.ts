/** Where the page is, kept in the address so that Back, Forward and a shared link work: `/` or `/c/<conversation>`. */
import type { Observable } from '#client/signal';

export type Place = { readonly name: 'inbox' } | { readonly name: 'conversation'; readonly uuid: string };

const conversationPath = /^\/c\/([0-9a-f-]{36})$/;

const placeOf = (path: string): Place => {
  const uuid = conversationPath.exec(path)?.[1];
  return uuid === undefined ? { name: 'inbox' } : { name: 'conversation', uuid };
};

export const pathOf = (place: Place): string => (place.name === 'inbox' ? '/' : `/c/${place.uuid}`);

let current: Place = placeOf(location.pathname);
const listeners = new Set<() => void>();

const arrive = (): void => {
  current = placeOf(location.pathname);
  for (const listener of listeners) listener();
};
addEventListener('popstate', arrive);

export const router: Observable<Place> = {
  subscribe: (listener) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
  getSnapshot: () => current,
};

/** What an entry of the browser's history remembers: the path of the one before it. */
interface Step {
  readonly from: string;
}

/** Goes there; a place that is already shown adds nothing to the history. */
export function navigate(place: Place, how: 'push' | 'replace' = 'push'): void {
  const from = location.pathname;
  if (pathOf(place) === from) return;
  if (how === 'push') history.pushState({ from } satisfies Step, '', pathOf(place));
  else history.replaceState(history.state, '', pathOf(place));
  arrive();
}

/** Who waited for an answer may have gone on meanwhile. */
export const isShown = (uuid: string): boolean => current.name === 'conversation' && current.uuid === uuid;

/** To the list. Where that was the step before, by going back: the page's Back and the browser's are then one and the same. */
export function leaveConversation(): void {
  const step = history.state as Step | null;
  if (step?.from === pathOf({ name: 'inbox' })) history.back();
  else navigate({ name: 'inbox' });
}
