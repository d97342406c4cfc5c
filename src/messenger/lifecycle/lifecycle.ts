/** A user's whole life, as those who run a deployment ask for it: who there is, disable, enable, export, erase, and the audit. */
import type { UserUuid } from '#domain/ids';
import { handle as toHandle, userUuid } from '#domain/ids';
import type { ProfileItem, ReceiptItem } from '#store/items';
import { directoryStarts } from '#store/positions';
import type { Deps } from '../deps.ts';
import { guarded } from '../faults.ts';
import type { Call } from '../messenger.ts';
import type { Audit } from './audit.ts';
import type { Erasures } from './erase.ts';
import type { Export } from './export.ts';
import type { SetStatus } from './status.ts';

/** Users of one page of the list: DynamoDB's own bound on one batch of reads. */
const pageLimit = 100;

/** Who calls has authorized itself: no route leads here. */
export interface Lifecycle extends Erasures {
  /** By handle or uuid, whatever their status; undefined when nobody is called so. */
  find(name: string): Promise<ProfileItem | undefined>;
  /** Everybody who is not erased, in the order of their uuids. */
  users(): AsyncIterable<ProfileItem>;
  readonly setStatus: SetStatus;
  /** As `exportMe`, also for a user whose requests are refused. */
  readonly exportOf: Export;
  /** What an erasure left behind: that it was, and when. */
  receipt(id: string): Promise<ReceiptItem | undefined>;
  readonly audit: Audit;
}

export const createLifecycle = (
  { patterns }: Pick<Deps, 'patterns'>,
  parts: {
    readonly erasures: Erasures;
    readonly setStatus: SetStatus;
    readonly exportOf: Export;
    readonly audit: Audit;
  },
): Lifecycle => {
  const profileOf = (user: string) => patterns.getProfile(user, { consistent: true });

  const users = async function* (): AsyncGenerator<ProfileItem> {
    for (const first of directoryStarts) {
      for (let after: string | undefined = first; after !== undefined; ) {
        const { items, next } = await patterns.listDirectory(after, pageLimit);
        const profiles = await patterns.getProfiles(items.map((entry) => entry.user_uuid));
        yield* [...profiles]
          .filter((profile) => profile.status !== 'erased')
          .sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
        after = next === undefined ? undefined : items.at(-1)?.user_uuid;
      }
    }
  };

  const { erasures, setStatus, exportOf, audit } = parts;
  return {
    find: guarded(async (name) => {
      const uuid = userUuid(name);
      if (uuid !== undefined) return profileOf(uuid);
      const handle = toHandle(name.replace(/^@/, ''));
      const claim = handle && (await patterns.getHandle(handle, { consistent: true }));
      const profile = claim && (await profileOf(claim.user_uuid));
      return profile?.handle === handle ? profile : undefined;
    }),
    users,
    setStatus: guarded(setStatus),
    exportOf,
    begin: guarded((call: Call) => erasures.begin(call)),
    advance: guarded((user: UserUuid) => erasures.advance(user)),
    open: guarded(() => erasures.open()),
    receipt: guarded((id: string) => patterns.getReceipt(id)),
    audit,
  };
};
