/**
 * Takes a person out of one conversation (USER-5): every entry of its log, entry 0, and what the others' rows show of it.
 * Each step is one conditional update, and changes nothing when it is done again.
 */
import type { MessageUuid, UserUuid } from '#domain/ids';
import { isIn, mayRead, present, withoutMember } from '#domain/membership';
import { isoTime } from '#domain/time';
import { tombstone } from '#domain/tombstone';
import { uuidV7 } from '#domain/uuid';
import type { ConversationItem, EntryItem, ErasureCounts, InboxRowItem, Member } from '#store/items';
import { isConditionFailed } from '#table/errors';
import type { Deps } from '../deps.ts';
import { inParallel } from '../in-parallel.ts';
import type { Log } from '../log.ts';
import type { Memberships } from '../memberships.ts';
import { conversationWithout, entryWithout, membersWithout, rowWithout } from './tombstones.ts';

/** Entries of one page: with the longest texts about 2 MB, so a page is at most DynamoDB's 1 MB. */
const entriesPageLimit = 100;
/** Updates at once: few beside the thousand write units a second that one partition has. */
const updatesAtOnce = 16;
/** DynamoDB's own bound on one batch of reads. */
const rowsAtOnce = 100;
/** Lost races on one item before the erasure stops, to be taken up again later. */
const attemptsMax = 20;

type Counts = { -readonly [Name in keyof ErasureCounts]: number };

const count = (counts: Counts, name: keyof ErasureCounts): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/** Somebody else was first: there is nothing left to do here. */
class NothingToDo extends Error {}

/** Tries an update on what was read, then on what stands there, until it holds or there is nothing left to change. */
const settle = async <T>(read: T, attempt: (item: T) => Promise<boolean>, reread: () => Promise<T | undefined>) => {
  let item: T | undefined = read;
  for (let tries = 0; tries < attemptsMax && item !== undefined; tries += 1) {
    try {
      return await attempt(item);
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      item = await reread();
    }
  }
  if (item !== undefined) throw new Error('an item changed faster than it could be erased from');
  return false;
};

/** Resolves with what it did; `alive` is called between pages, and rejects when the work is somebody else's by now. */
export type EraseFromConversation = (
  user: UserUuid,
  conversation: string,
  alive: () => Promise<void>,
) => Promise<ErasureCounts>;

export const createEraseFromConversation = (
  { patterns, bus, now, randomBytes }: Pick<Deps, 'patterns' | 'bus' | 'now' | 'randomBytes'>,
  parts: {
    readonly log: Log;
    readonly memberships: Memberships;
    /** Told of each entry changed, once it is durable: caches follow. */
    readonly revised: (conversation: string, seq: number) => void;
  },
): EraseFromConversation => {
  const { log, memberships, revised } = parts;

  const eraseEntry = async (entry: EntryItem, user: string, others: readonly Member[], counts: Counts) => {
    const { message_group_uuid: conversation, seq } = entry;
    const audience = others.flatMap((member) => (mayRead(member, seq) ? [member.user_uuid] : []));
    await settle(
      entry,
      async (standing) => {
        const erasure = entryWithout(standing, user, isoTime(now()));
        if (erasure === undefined) return false;
        const erased = await patterns.reviseEntry(conversation, seq, erasure.changes, erasure.condition);
        count(counts, erasure.authored ? 'messages_erased' : 'mentions_erased');
        revised(conversation, seq);
        bus.publish({ type: 'message.updated', to: audience, body: erased });
        return true;
      },
      () => patterns.getEntry(conversation, seq),
    );
  };

  /** Everybody else's view of the group learns of it as of anybody's leaving; no later entry can name them (LOG-3). */
  const leave = async (conversation: string, user: string): Promise<void> => {
    const uuid = uuidV7(now(), randomBytes(10)) as MessageUuid;
    let audience: readonly string[] = [];
    const build = async (seq: number, createdAt: number, membersSeq: number): Promise<EntryItem> => {
      const current = await memberships.atLeast(conversation, membersSeq);
      const members = current === undefined ? [] : membersWithout(current.members, user);
      if (!members.some((member) => member.user_uuid === tombstone.user_uuid && isIn(member))) throw new NothingToDo();
      audience = present(members).map((member) => member.user_uuid);
      const left: readonly Member[] = withoutMember(members, tombstone.user_uuid, seq);
      const title = current?.title;
      return {
        type: 'message',
        kind: 'system',
        message_group_uuid: conversation,
        seq,
        uuid,
        ...tombstone,
        created_at: isoTime(createdAt),
        members_seq: seq,
        change: { act: 'left', user_uuid: tombstone.user_uuid },
        membership: { members_seq: seq, members: left, ...(title !== undefined && { title }) },
      };
    };
    try {
      const { entry } = await log.append(conversation, async () => ({ uuid, uuidTime: undefined, build }));
      await memberships.atLeast(conversation, entry.seq);
      bus.publish({ type: 'message.created', to: audience, body: entry });
    } catch (error) {
      if (!(error instanceof NothingToDo)) throw error;
    }
  };

  const eraseEntryZero = async (user: string, item: ConversationItem): Promise<void> => {
    const read = () => patterns.getConversation(item.uuid);
    await settle(
      (await read()) ?? item,
      async (standing) => {
        const erasure = conversationWithout(standing, user);
        if (erasure === undefined) return false;
        await patterns.reviseConversation(item.uuid, erasure.changes, erasure.condition);
        return true;
      },
      read,
    );
  };

  const eraseRow = async (row: InboxRowItem, user: string, counts: Counts): Promise<void> => {
    const { user_uuid: other, message_group_uuid: conversation } = row;
    await settle(
      row,
      async (standing) => {
        const update = rowWithout(standing, user);
        if (update === undefined) return false;
        const changed = await patterns.changeInboxRow(other, conversation, update);
        count(counts, 'rows_changed');
        bus.publish({ type: 'conversation.updated', to: [other], body: changed });
        return true;
      },
      () => patterns.getInboxRow(other, conversation, { consistent: true }),
    );
  };

  return async (user, conversation, alive) => {
    const counts: Counts = {};
    memberships.changed(conversation);
    const item = await memberships.get(conversation);
    if (item === undefined) return counts;
    const audience = present(item.members).filter((member) => member.user_uuid !== user);

    /** Goes through the log upwards from after a seq; resolves with the last seq there is. */
    const walk = async (after: number): Promise<number> => {
      for (let last = after; ; await alive()) {
        const page = await patterns.readEntriesAfter(conversation, last, entriesPageLimit);
        await inParallel(page.items, updatesAtOnce, (entry) => eraseEntry(entry, user, audience, counts));
        last = page.items.at(-1)?.seq ?? last;
        if (page.next === undefined) return last;
      }
    };
    const last = await walk(0);
    await eraseEntryZero(user, item);
    memberships.changed(conversation);
    if (item.kind === 'group') {
      await leave(conversation, user);
      // What others wrote between the walk and the leaving may still have named them.
      await walk(last);
      await eraseEntryZero(user, item);
      memberships.changed(conversation);
    }
    const others = item.members
      .map((member) => member.user_uuid)
      .filter((other) => other !== user && other !== tombstone.user_uuid);
    for (let at = 0; at < others.length; at += rowsAtOnce) {
      const rows = await patterns.getInboxRows(others.slice(at, at + rowsAtOnce), conversation);
      await inParallel(rows, updatesAtOnce, (row) => eraseRow(row, user, counts));
    }
    return counts;
  };
};
