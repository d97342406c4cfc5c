/**
 * The views of pages that are read again: kept beside the very items they were made of, and given out only while every key that
 * opened their texts may still serve. Items that the table hands to all who ask come frozen; those of one caller are not kept.
 */
import type { Lease } from '#crypto/port';

export interface Shown<Item, View> {
  /** The views made of these items before; nobody may change them. */
  of(items: readonly Item[]): readonly View[] | undefined;
  keep(items: readonly Item[], views: readonly View[], leases: ReadonlySet<Lease>): void;
  /** Lets go of all texts: somebody's are to be forgotten. */
  forget(): void;
}

/** @param now milliseconds since the epoch. */
export const createShown = <Item, View>(now: () => number): Shown<Item, View> => {
  // What is kept here lives as long as the items do, and those are bounded where they are kept.
  let made = new WeakMap<readonly Item[], { readonly views: readonly View[]; readonly leases: ReadonlySet<Lease> }>();
  return {
    of: (items) => {
      const known = made.get(items);
      if (known === undefined) return undefined;
      const at = now();
      for (const lease of known.leases) {
        if (lease.live(at)) continue;
        made.delete(items);
        return undefined;
      }
      return known.views;
    },
    keep: (items, views, leases) => {
      // Without keys there is nothing to tell by how long it lasts.
      if (!Object.isFrozen(items) || leases.size === 0) return;
      for (const view of views) Object.freeze(view);
      made.set(items, { views: Object.freeze(views), leases });
    },
    forget: () => {
      made = new WeakMap();
    },
  };
};
