/** People: provisioning, handles and names (USER-1, USER-2). Each step is one conditional write and safe to repeat. */
import { createHash } from 'node:crypto';
import { ParleyError } from '#domain/errors';
import { type Handle, handle as toHandle, type UserUuid } from '#domain/ids';
import { clockSkewMsMax, displayNameCharactersMax } from '#domain/limits';
import { storableText } from '#domain/text';
import { isoTime, timeOf } from '#domain/time';
import { tombstone } from '#domain/tombstone';
import { asStored, type HandleItem, type ProfileItem } from '#store/items';
import { isConditionFailed } from '#table/errors';
import type { Condition } from '#table/port';
import type { Deps } from './deps.ts';
import { noSuchUser } from './faults.ts';
import type { Call } from './messenger.ts';
import { isGone, type Profiles } from './profiles.ts';
import { userView } from './render.ts';
import type { PublicUserView, UserView } from './views.ts';

/** A handle claimed by somebody whose profile does not name it is taken over after this, whosever clock told the time of it. */
const orphanAfterMs = clockSkewMsMax + 60_000;
/** Suffixes tried for a wished handle that is taken, when the wish is flexible. */
const suffixesMax = 20;

const taken = (): ParleyError => new ParleyError('handle_taken', 'Somebody else has this handle.');

export const createPeople = (
  { patterns, now }: Pick<Deps, 'patterns' | 'now'>,
  profiles: Pick<Profiles, 'get' | 'changed'>,
) => {
  /** The profile that a handle names; nobody while a claim is half-way, or once the user is gone. */
  const profileOf = async (handle: Handle, call?: { readonly deadline?: number }): Promise<ProfileItem | undefined> => {
    const claim = await patterns.getHandle(handle, call);
    const profile = claim && (await profiles.get(claim.user_uuid, call));
    return profile?.handle === handle ? profile : undefined;
  };

  /** The claim as it now stands; undefined when the handle is somebody else's. */
  const claim = async (
    user: string,
    handle: Handle,
    call?: { readonly deadline?: number },
  ): Promise<HandleItem | undefined> => {
    if (handle === tombstone.handle) return undefined;
    const item: HandleItem = { type: 'handle', handle, user_uuid: user, claimed_at: isoTime(now()) };
    const attempt = async (from: HandleItem | undefined): Promise<HandleItem | undefined> => {
      try {
        await patterns.claimHandle(item, from, call);
        return item;
      } catch (error) {
        if (isConditionFailed(error)) return undefined;
        throw error;
      }
    };
    const claimed = await attempt(undefined);
    if (claimed !== undefined) return claimed;
    const standing = await patterns.getHandle(handle, { ...call, consistent: true });
    if (standing === undefined) return attempt(undefined);
    if (now() - timeOf(standing.claimed_at) < orphanAfterMs) return undefined;
    const owner = await patterns.getProfile(standing.user_uuid, { ...call, consistent: true });
    return owner?.handle === handle ? undefined : attempt(standing);
  };

  const claimFlexibly = async (user: string, wish: Handle, call: { readonly deadline?: number }) => {
    const wished = await claim(user, wish, call);
    if (wished !== undefined) return wished;
    for (let attempt = 0; attempt < suffixesMax; attempt += 1) {
      // Of the user's own uuid, so that two nodes at once, or one after a crash, try the same and leave no handle behind.
      const digest = createHash('sha256').update(`${user} ${attempt}`).digest();
      const other = toHandle(`${wish.slice(0, 24)}_${String(digest.readUInt16BE()).padStart(5, '0')}`);
      const claimed = other && (await claim(user, other, call));
      if (claimed !== undefined) return claimed;
    }
    throw taken();
  };

  const mustHave = async (call: Call): Promise<ProfileItem> => {
    const profile = await profiles.get(call.user, call);
    if (profile === undefined || profile.status !== 'active') throw noSuchUser();
    return profile;
  };

  return {
    provision: async (
      user: UserUuid,
      wish: { readonly handle: Handle; readonly display_name?: string; readonly flexible?: boolean },
      deadline?: number,
    ): Promise<UserView> => {
      const call = deadline === undefined ? {} : { deadline };
      const existing = await patterns.getProfile(user, { ...call, consistent: true });
      if (existing !== undefined) return userView(existing);
      const display_name =
        wish.display_name === undefined
          ? wish.handle
          : storableText('display_name', wish.display_name, displayNameCharactersMax);
      const claimed =
        wish.flexible === true ? await claimFlexibly(user, wish.handle, call) : await claim(user, wish.handle, call);
      if (claimed === undefined) throw taken();
      const { handle } = claimed;
      const profile: ProfileItem = {
        type: 'profile',
        uuid: user,
        handle,
        display_name,
        status: 'active',
        created_at: isoTime(now()),
      };
      // Before the profile: a crash in between leaves a line in the list of users too many, which shows nobody.
      await patterns.putDirectoryEntry(user, call);
      try {
        await patterns.createProfile(profile, call);
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        // Provisioned twice at once; the first one's profile stands, and a handle it does not name is let go.
        const first = await patterns.getProfile(user, { ...call, consistent: true });
        if (first === undefined) throw noSuchUser();
        if (first.handle !== handle) await patterns.releaseHandle(claimed, call).catch(ignoreCondition);
        profiles.changed(user);
        return userView(first);
      }
      profiles.changed(user);
      return userView(profile);
    },

    isServed: async (user: UserUuid, deadline?: number): Promise<'active' | 'unknown' | 'refused'> => {
      const profile = await profiles.get(user, deadline === undefined ? undefined : { deadline });
      if (profile === undefined) return 'unknown';
      return profile.status === 'active' ? 'active' : 'refused';
    },

    findByHandle: async (handle: Handle, deadline?: number): Promise<UserView | undefined> => {
      const profile = await profileOf(handle, deadline === undefined ? undefined : { deadline });
      return profile && userView(profile);
    },

    me: async (call: Call): Promise<UserView> => userView(await mustHave(call)),

    changeMe: async (
      call: Call,
      change: { readonly handle?: Handle; readonly display_name?: string },
    ): Promise<UserView> => {
      const display_name =
        change.display_name === undefined
          ? undefined
          : storableText('display_name', change.display_name, displayNameCharactersMax);
      const before = await patterns.getProfile(call.user, { ...call, consistent: true });
      if (before === undefined || before.status !== 'active') throw noSuchUser();
      const handle = change.handle === before.handle ? undefined : change.handle;
      // As it stands before the profile lets go of it: whoever comes back to it later claims it anew.
      const old = handle && (await patterns.getHandle(before.handle, { ...call, consistent: true }));
      const claimed = handle && (await claim(call.user, handle, call));
      if (handle !== undefined && claimed === undefined) throw taken();
      const set = { ...(display_name !== undefined && { display_name }), ...(handle !== undefined && { handle }) };
      if (Object.keys(set).length === 0) return userView(before);
      const named = { ...set, name_rev: (before.name_rev ?? 0) + 1 };
      let after: ProfileItem;
      try {
        const condition: Condition = {
          all: [
            { attribute: 'handle', is: '=', value: before.handle },
            { attribute: 'status', is: '=', value: 'active' },
            before.name_rev === undefined
              ? { attribute: 'name_rev', is: 'absent' }
              : { attribute: 'name_rev', is: '=', value: before.name_rev },
          ],
        };
        after = await patterns.changeProfile(call.user, { set: named }, condition, call);
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        const standing = error.item && asStored<ProfileItem>(error.item);
        const wished: ProfileItem = { ...before, ...named };
        // It may be this very change, made by an attempt whose answer was lost.
        if (standing === undefined || !isNamedAlike(standing, wished)) {
          if (claimed !== undefined && standing?.handle !== handle)
            await patterns.releaseHandle(claimed, call).catch(ignoreCondition);
          throw new ParleyError('conflict', 'The profile was changed at the same time; read it and try again.');
        }
        after = standing;
      }
      profiles.changed(call.user);
      if (old?.user_uuid === call.user) await patterns.releaseHandle(old, call).catch(ignoreCondition);
      return userView(after);
    },

    userByHandle: async (handle: Handle, call: Call): Promise<PublicUserView> => {
      const profile = await profileOf(handle, call);
      if (profile === undefined || isGone(profile)) throw noSuchUser();
      return { uuid: profile.uuid, handle: profile.handle, display_name: profile.display_name };
    },
  };
};

const isNamedAlike = (one: ProfileItem, other: ProfileItem): boolean =>
  one.status === other.status &&
  one.name_rev === other.name_rev &&
  one.handle === other.handle &&
  one.display_name === other.display_name;

/** A handle that is somebody else's by now needs no releasing. */
const ignoreCondition = (error: unknown): void => {
  if (!isConditionFailed(error)) throw error;
};
