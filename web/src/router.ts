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

/** Goes there; a place that is already shown adds nothing to the history. */
export function navigate(place: Place, how: 'push' | 'replace' = 'push'): void {
  if (pathOf(place) === location.pathname) return;
  if (how === 'push') history.pushState(null, '', pathOf(place));
  else history.replaceState(null, '', pathOf(place));
  arrive();
}
