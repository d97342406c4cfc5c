/** People: provisioning, handles and names (USER-1, USER-2). Each step is one conditional write and safe to repeat. */
import { createHash } from 'node:crypto';
import { ParleyError } from '#domain/errors';
import { type Handle, handle as toHandle, type UserUuid } from '#domain/ids';
import { displayNameCharactersMax } from '#domain/limits';
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

/** A handle claimed by somebody whose profile does not name it is taken over after this: its claimer stopped half-way. */
const orphanAfterMs = 60_000;
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

  const claim = async (user: string, handle: Handle, call?: { readonly deadline?: number }): Promise<boolean> => {
    if (handle === tombstone.handle) return false;
    const item: HandleItem = { type: 'handle', handle, user_uuid: user, claimed_at: isoTime(now()) };
    const attempt = async (from: string | undefined): Promise<boolean> => {
      try {
        await patterns.claimHandle(item, from, call);
        return true;
      } catch (error) {
        if (isConditionFailed(error)) return false;
        throw error;
      }
    };
    if (await attempt(undefined)) return true;
    const standing = await patterns.getHandle(handle, { ...call, consistent: true });
    if (standing === undefined) return attempt(undefined);
    if (now() - timeOf(standing.claimed_at) < orphanAfterMs) return false;
    const owner = await patterns.getProfile(standing.user_uuid, { ...call, consistent: true });
    return owner?.handle === handle ? false : attempt(standing.user_uuid);
  };

  const claimFlexibly = async (user: string, wish: Handle, call: { readonly deadline?: number }): Promise<Handle> => {
    if (await claim(user, wish, call)) return wish;
    for (let attempt = 0; attempt < suffixesMax; attempt += 1) {
      // Of the user's own uuid, so that two nodes at once, or one after a crash, try the same and leave no handle behind.
      const digest = createHash('sha256').update(`${user} ${attempt}`).digest();
      const other = toHandle(`${wish.slice(0, 24)}_${String(digest.readUInt16BE()).padStart(5, '0')}`);
      if (other !== undefined && (await claim(user, other, call))) return other;
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
      const handle = wish.flexible === true ? await claimFlexibly(user, wish.handle, call) : wish.handle;
      if (wish.flexible !== true && !(await claim(user, handle, call))) throw taken();
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
        if (first.handle !== handle) await patterns.releaseHandle(handle, user, call).catch(ignoreCondition);
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
      if (handle !== undefined && !(await claim(call.user, handle, call))) throw taken();
      let after: ProfileItem;
      try {
        const set = { ...(display_name !== undefined && { display_name }), ...(handle !== undefined && { handle }) };
        const condition: Condition = {
          all: [
            { attribute: 'handle', is: '=', value: before.handle },
            { attribute: 'status', is: '=', value: 'active' },
          ],
        };
        after =
          Object.keys(set).length === 0 ? before : await patterns.changeProfile(call.user, { set }, condition, call);
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        const standing = error.item && asStored<ProfileItem>(error.item);
        if (handle !== undefined && standing?.handle !== handle)
          await patterns.releaseHandle(handle, call.user, call).catch(ignoreCondition);
        throw new ParleyError('conflict', 'The profile was changed at the same time; read it and try again.');
      }
      profiles.changed(call.user);
      if (handle !== undefined) await patterns.releaseHandle(before.handle, call.user, call).catch(ignoreCondition);
      return userView(after);
    },

    userByHandle: async (handle: Handle, call: Call): Promise<PublicUserView> => {
      const profile = await profileOf(handle, call);
      if (profile === undefined || isGone(profile)) throw noSuchUser();
      return { uuid: profile.uuid, handle: profile.handle, display_name: profile.display_name };
    },
  };
};

/** A handle that is somebody else's by now needs no releasing. */
const ignoreCondition = (error: unknown): void => {
  if (!isConditionFailed(error)) throw error;
};
