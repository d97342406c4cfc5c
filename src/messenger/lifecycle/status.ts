/** Disabling and enabling a user (USER-3): one conditional update; every node follows within five seconds. */
import { ParleyError } from '#domain/errors';
import type { UserUuid } from '#domain/ids';
import { asStored, type ProfileItem } from '#store/items';
import { isConditionFailed } from '#table/errors';
import type { Deps } from '../deps.ts';
import { noSuchUser } from '../faults.ts';
import type { Profiles } from '../profiles.ts';

/** Resolves with the profile as it stands; setting what is set already changes nothing. An erased user is not brought back. */
export type SetStatus = (user: UserUuid, status: 'active' | 'disabled') => Promise<ProfileItem>;

export const createSetStatus =
  ({ patterns, bus }: Pick<Deps, 'patterns' | 'bus'>, profiles: Profiles): SetStatus =>
  async (user, status) => {
    const other = status === 'active' ? 'disabled' : 'active';
    try {
      const condition = { attribute: 'status', is: '=', value: other } as const;
      const changed = await patterns.changeProfile(user, { set: { status } }, condition);
      profiles.changed(user);
      // The fan-out says the same when it sees the change; here it is said at once.
      bus.publish({ type: 'user.changed', to: [user], body: {} });
      return changed;
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      if (error.item === undefined) throw noSuchUser();
      const standing = asStored<ProfileItem>(error.item);
      if (standing.status === status) return standing;
      throw new ParleyError('conflict', 'This user is being erased, or was.');
    }
  };
