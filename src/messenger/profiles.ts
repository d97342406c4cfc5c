/** Profiles through the cache: names for what is shown, and the status that decides whether a user is served (USER-3). */
import type { Cache, CachePolicy } from '#cache/port';
import type { ProfileItem } from '#store/items';
import type { Patterns } from '#store/patterns';
import type { CallOptions } from '#table/port';

/** Below the 5 seconds within which a disabled user is refused everywhere, with room for the read itself. */
const policy: CachePolicy = { ttlMs: 4_000, staleOnErrorMs: 0, negativeTtlMs: 500 };

const key = (user: string): string => `user:${user}`;

/** True of somebody erased, or being erased: what is made from now on names the tombstone in their place (USER-5). */
export const isGone = (profile: ProfileItem | undefined): boolean =>
  profile?.status === 'erasing' || profile?.status === 'erased';

export interface Profiles {
  /** When the cache has it at hand. */
  known(user: string): ProfileItem | undefined;
  get(user: string, call?: CallOptions): Promise<ProfileItem | undefined>;
  /** By user; those without a profile are missing. */
  many(users: readonly string[], call?: CallOptions): Promise<Map<string, ProfileItem>>;
  changed(user: string): void;
  /** Another node said that it changed: looked up anew here. */
  forget(user: string): void;
}

export const createProfiles = (patterns: Patterns, cache: Cache): Profiles => {
  const get = async (user: string, call?: CallOptions): Promise<ProfileItem | undefined> =>
    (await cache.read(key(user), policy, () => patterns.getProfile(user, { ...call, consistent: true }))).value;
  return {
    known: (user) => cache.peek(key(user)),
    get,
    many: async (users, call) => {
      const found = new Map<string, ProfileItem>();
      await Promise.all(
        [...new Set(users)].map(async (user) => {
          const profile = await get(user, call);
          if (profile !== undefined) found.set(user, profile);
        }),
      );
      return found;
    },
    changed: (user) => cache.invalidate([key(user)]),
    forget: (user) => cache.forget([key(user)]),
  };
};
