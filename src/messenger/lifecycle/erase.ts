/**
 * Erasing a person (USER-5): a state machine whose state is an item of the table, so that any process can go on where another
 * stopped. Every step is conditional or changes nothing when repeated.
 *
 * 1. The erasure is noted, and requests of the user are refused from then on (`erasing`).
 * 2. First sweep: data keys, the handle, the user in every conversation.
 * 3. A pause, until what was under way at the refusal has ended on every node.
 * 4. Last sweep: the same again, now final; each inbox row goes when its conversation is done, then blocks and the directory.
 * 5. The profile becomes a marker without personal data that refuses the user's tokens until they have expired. Rows are
 *    looked for once more: whoever makes one looks at the marker afterwards, so that one of the two sees the other.
 * 6. A receipt that names nobody; the note of the erasure goes.
 */
import { Buffer } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import type { UserUuid } from '#domain/ids';
import { isoTime } from '#domain/time';
import { tombstone } from '#domain/tombstone';
import { asStored, type ErasureCounts, type ErasureItem, type ProfileItem } from '#store/items';
import { isConditionFailed } from '#table/errors';
import type { Condition, QueryPosition } from '#table/port';
import type { Deps } from '../deps.ts';
import { noSuchUser } from '../faults.ts';
import type { Call } from '../messenger.ts';
import { isGone, type Profiles } from '../profiles.ts';
import type { EraseFromConversation } from './erase-conversation.ts';

/** A node may serve a disabled user for 4 seconds, and what it then began ends within its request's 10; and one to spare. */
export const quietMs = 15_000;
/** A worker says at least this often that it is still at work; after a crash, another waits so long. */
const leaseMs = 60_000;
/** The marker outlives every access token: Cognito's live for a day at most. */
const markerMs = 2 * 24 * 60 * 60_000;
/** Erasures whose refusal this process remembers the time of; one that is forgotten pauses once more. */
const refusedMax = 1_000;
const pageLimit = 100;
/** DynamoDB's own bound on one batch of writes. */
const deletesAtOnce = 25;

/** How far an erasure came: `waits` until a time in milliseconds since the epoch, because of the pause or another worker. */
export type Progress =
  | { readonly state: 'done'; readonly receipt: string }
  | { readonly state: 'waits'; readonly until: number }
  | { readonly state: 'none' };

export interface Erasures {
  /** Refuses the user from now on, and notes that they are to be erased. Idempotent. */
  begin(call: Call): Promise<void>;
  /** Goes on with a user's erasure as far as it comes. */
  advance(user: UserUuid): Promise<Progress>;
  /** The users whose erasure is not done, the first hundred of them. */
  open(): Promise<readonly UserUuid[]>;
}

/** What one worker holds: an erasure under its lease. */
interface Work {
  readonly user: UserUuid;
  readonly owner: string;
  item: ErasureItem;
}

const ignoreCondition = (error: unknown): void => {
  if (!isConditionFailed(error)) throw error;
};

export const createErasures = (
  deps: Pick<Deps, 'patterns' | 'sealer' | 'keys' | 'bus' | 'now' | 'randomBytes'>,
  parts: {
    readonly profiles: Profiles;
    readonly eraseFromConversation: EraseFromConversation;
    /** Told of each erasure that was begun: the worker's cue. */
    readonly begun: () => void;
  },
): Erasures => {
  const { patterns, sealer, keys, bus, now, randomBytes } = deps;
  const { profiles, eraseFromConversation } = parts;
  /** When this process first knew of each that requests are refused, by its own clock: those of others may be wrong. */
  const refusedHere = new LRUCache<string, { readonly begun: string; readonly since: number }>({ max: refusedMax });
  const knowRefused = ({ user_uuid, begun_at }: ErasureItem): number => {
    const known = refusedHere.get(user_uuid);
    // Of another erasure it says nothing: they were erased before, and came back.
    if (known?.begun === begun_at) return known.since;
    const since = now();
    refusedHere.set(user_uuid, { begun: begun_at, since });
    return since;
  };
  const randomId = (): string => Buffer.from(randomBytes(16)).toString('hex');

  const spread = (user: UserUuid): void => {
    profiles.changed(user);
    sealer.forget(user);
    bus.publish({ type: 'user.changed', to: [user], body: {} });
  };

  /** Marks the profile; resolves with it as it stands, or with nothing when there is none. */
  const refuse = async (user: UserUuid, call?: Call): Promise<ProfileItem | undefined> => {
    try {
      const condition: Condition = {
        any: [
          { attribute: 'status', is: '=', value: 'active' },
          { attribute: 'status', is: '=', value: 'disabled' },
        ],
      };
      const profile = await patterns.changeProfile(user, { set: { status: 'erasing' } }, condition, call);
      spread(user);
      return profile;
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      return error.item && asStored<ProfileItem>(error.item);
    }
  };

  /** Notes what was done, and that the work goes on. Rejects when the lease was lost to another worker. */
  const save = async (work: Work, counts: ErasureCounts, set: Partial<ErasureItem> = {}): Promise<void> => {
    const changes = {
      set: { ...set, lease_until: now() + leaseMs },
      ...(Object.keys(counts).length > 0 && { add: { ...counts } as Record<string, number> }),
    };
    work.item = await patterns.changeErasure(work.user, changes, { attribute: 'owner', is: '=', value: work.owner });
  };

  const alive = async (work: Work): Promise<void> => {
    if ((work.item.lease_until ?? 0) - now() < leaseMs / 2) await save(work, {});
  };

  const claim = async (user: UserUuid): Promise<Work | Progress> => {
    const owner = randomId();
    const free: Condition = {
      any: [
        { attribute: 'lease_until', is: 'absent' },
        { attribute: 'lease_until', is: '<=', value: now() },
      ],
    };
    const changes = { set: { owner, lease_until: now() + leaseMs }, setIfAbsent: { receipt: randomId() } };
    try {
      return { user, owner, item: await patterns.changeErasure(user, changes, free) };
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      const standing = error.item && asStored<ErasureItem>(error.item);
      if (standing?.refused_since !== undefined) knowRefused(standing);
      return standing === undefined ? { state: 'none' } : { state: 'waits', until: standing.lease_until ?? now() };
    }
  };

  const deleteKeys = async (work: Work): Promise<void> => {
    const deleted = (await keys?.deleteAllOf(work.user)) ?? 0;
    if (deleted > 0) await save(work, { keys_deleted: deleted });
  };

  /** Every conversation the user has a row of, in the order of their uuids. */
  const sweepConversations = async (work: Work, last: boolean): Promise<void> => {
    const { user } = work;
    let start: QueryPosition | undefined;
    do {
      const page = { limit: pageLimit, consistent: true, ...(start && { start }) };
      const { items, next } = await patterns.listInboxRows(user, page);
      for (const { message_group_uuid: conversation } of items) {
        const counts = await eraseFromConversation(user, conversation, () => alive(work));
        if (last) await patterns.deleteInboxRow(user, conversation);
        const done = last ? { ...counts, conversations_left: 1 } : counts;
        if (Object.keys(done).length > 0) await save(work, done);
        else await alive(work);
      }
      start = next;
    } while (start !== undefined);
  };

  const inBatches = async (
    all: readonly string[],
    work: (batch: readonly string[]) => Promise<void>,
  ): Promise<void> => {
    for (let at = 0; at < all.length; at += deletesAtOnce) await work(all.slice(at, at + deletesAtOnce));
  };

  /** The blocks by the user and on the user: first what stands with the other one, then what leads there. */
  const sweepBlocks = async (work: Work): Promise<void> => {
    const { user } = work;
    for (;;) {
      const page = { limit: pageLimit, consistent: true };
      const made = (await patterns.listBlocks(user, page)).items.map((block) => block.blocked_user_uuid);
      for (const other of made) await patterns.deleteBlockMark(other, user);
      await inBatches(made, (blocked) => patterns.deleteUserItems(user, { blocked }));
      const suffered = (await patterns.listBlockMarks(user, page)).items.map((mark) => mark.blocker_uuid);
      for (const other of suffered) await patterns.deleteBlock(other, user);
      await inBatches(suffered, (blockers) => patterns.deleteUserItems(user, { blockers }));
      const deleted = made.length + suffered.length;
      if (deleted === 0) return;
      await save(work, { blocks_deleted: deleted });
    }
  };

  const sweep = async (work: Work, handle: string | undefined, last: boolean): Promise<void> => {
    await deleteKeys(work);
    if (handle !== undefined) await patterns.releaseHandle({ handle, user_uuid: work.user }).catch(ignoreCondition);
    await sweepConversations(work, last);
  };

  const finish = async (work: Work): Promise<string> => {
    const { user, owner } = work;
    await sweepBlocks(work);
    await patterns.deleteDirectoryEntry(user);
    const { handle, display_name } = tombstone;
    const expires_at = Math.ceil((now() + markerMs) / 1_000);
    const marker = { status: 'erased', handle, display_name, created_at: isoTime(now()), expires_at };
    const erasing: Condition = { attribute: 'status', is: '=', value: 'erasing' };
    await patterns.changeProfile(user, { set: marker }, erasing).catch(ignoreCondition);
    spread(user);
    await sweepConversations(work, true);
    await deleteKeys(work);
    const { receipt = randomId() } = work.item;
    await patterns.putReceipt({ type: 'receipt', id: receipt, erased_at: isoTime(now()), ...countsOf(work.item) });
    await patterns.finishErasure(user, owner).catch(ignoreCondition);
    return receipt;
  };

  const proceed = async (work: Work): Promise<Progress> => {
    const { user } = work;
    const profile = await refuse(user);
    const handle = profile?.status === 'erasing' ? profile.handle : undefined;
    knowRefused(work.item);
    if (work.item.refused_since === undefined) await save(work, {}, { refused_since: now() });
    if (work.item.swept !== true) {
      await sweep(work, handle, false);
      await save(work, {}, { swept: true });
    }
    const quiet = knowRefused(work.item) + quietMs;
    if (now() < quiet) {
      await release(work);
      return { state: 'waits', until: quiet };
    }
    await sweep(work, handle, true);
    const receipt = await finish(work);
    refusedHere.delete(user);
    return { state: 'done', receipt };
  };

  /** Lets another worker go on at once, this process or another. */
  const release = async ({ user, owner }: Work): Promise<void> => {
    const mine: Condition = { attribute: 'owner', is: '=', value: owner };
    await patterns.changeErasure(user, { remove: { lease_until: true } }, mine).catch(ignoreCondition);
  };

  return {
    begin: async (call) => {
      const profile = await patterns.getProfile(call.user, { ...call, consistent: true });
      if (profile === undefined) throw noSuchUser();
      if (profile.status === 'erased') return;
      try {
        await patterns.createErasure({ type: 'erasure', user_uuid: call.user, begun_at: isoTime(now()) }, call);
      } catch (error) {
        ignoreCondition(error);
      }
      if (!isGone(profile)) await refuse(call.user, call);
      parts.begun();
    },
    advance: async (user) => {
      const work = await claim(user);
      if ('state' in work) return work;
      try {
        return await proceed(work);
      } catch (error) {
        // Where the table does not answer, the lease runs out by itself.
        await release(work).catch(() => undefined);
        throw error;
      }
    },
    open: async () =>
      (await patterns.listErasures({ limit: pageLimit })).items.map((erasure) => erasure.user_uuid as UserUuid),
  };
};

const countsOf = (item: ErasureItem): ErasureCounts => {
  const { keys_deleted, conversations_left, messages_erased, mentions_erased, rows_changed, blocks_deleted } = item;
  return {
    ...(keys_deleted !== undefined && { keys_deleted }),
    ...(conversations_left !== undefined && { conversations_left }),
    ...(messages_erased !== undefined && { messages_erased }),
    ...(mentions_erased !== undefined && { mentions_erased }),
    ...(rows_changed !== undefined && { rows_changed }),
    ...(blocks_deleted !== undefined && { blocks_deleted }),
  };
};
