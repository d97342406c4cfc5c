/** Opening conversations, direct and in groups, and who is in them (CONV-1, CONV-2). Every change of a group is an entry. */
import { createHash } from 'node:crypto';
import { ParleyError } from '#domain/errors';
import type { ConversationUuid, Handle, MessageUuid, UserUuid } from '#domain/ids';
import { groupJoiningsMax, groupMembersMax, titleCharactersMax } from '#domain/limits';
import { isIn, present, withMember, withoutMember } from '#domain/membership';
import { storableText } from '#domain/text';
import { isoTime } from '#domain/time';
import { tombstone } from '#domain/tombstone';
import { uuidFromSha1, uuidV7 } from '#domain/uuid';
import type { ConversationItem, EntryItem, InboxRowItem, Membership, MembershipChange } from '#store/items';
import { folderChange } from '#store/positions';
import { isConditionFailed } from '#table/errors';
import type { Deps } from './deps.ts';
import { noSuchConversation, noSuchUser } from './faults.ts';
import { ensureRow } from './inbox-rows.ts';
import type { Log } from './log.ts';
import { type Memberships, memberOf } from './memberships.ts';
import type { Call } from './messenger.ts';
import type { Profiles } from './profiles.ts';
import type { ConversationView, PublicUserView } from './views.ts';

/** The name space of direct conversations' UUIDv5: a random uuid, fixed for ever. */
const directNamespace = Uint8Array.from([
  0x5c, 0x7e, 0x1f, 0x0a, 0x93, 0xd4, 0x4b, 0x6e, 0x8d, 0x21, 0x3a, 0x70, 0xb5, 0xe9, 0x46, 0xc8,
]);

/** Enough that no two puts of one conversation draw the same. */
const nonceBytes = 9;

/** How often one of a pair may be erased and come back under the same uuid. */
const livesMax = 16;

/**
 * The one uuid of the direct conversation of two users, whoever asks (CONV-1). `life` counts how often one of the two was
 * erased since they first met: what stood between them then is not taken up again.
 */
export const directUuid = (a: UserUuid, b: UserUuid, life = 0): ConversationUuid => {
  const name = [...[a, b].sort(), ...(life === 0 ? [] : [String(life)])].join(' ');
  return uuidFromSha1(createHash('sha1').update(directNamespace).update(name).digest()) as ConversationUuid;
};

const invalidHandles = (message: string): ParleyError =>
  new ParleyError('invalid_field', `handles: ${message}`, { fields: [{ field: 'handles', message }] });

const notAGroup = (): ParleyError => new ParleyError('not_a_group', 'Only a group has a title and changing members.');

/** Refuses one more: for those who are in it now, and for all the comings and goings that entry 0 has to hold. */
const refuseFull = ({ members }: ConversationItem): void => {
  if (present(members).length >= groupMembersMax)
    throw new ParleyError('group_full', `A group has at most ${groupMembersMax} participants.`);
  const joinings = members.reduce((sum, { spans }) => sum + spans.length, 0);
  if (joinings >= groupJoiningsMax)
    throw new ParleyError('group_full', `People join a group at most ${groupJoiningsMax} times, returns included.`);
};

/** What a change makes of a membership at a seq; undefined when there is nothing to change, since somebody just did it. */
type Next = (
  current: ConversationItem,
  seq: number,
) => { change: MembershipChange; membership: Membership } | undefined;

/** Ends an append for which there is nothing to be appended. */
const nothingToChange = new Error('nothing to change');

export const createConversations = (
  { patterns, bus, now, randomBytes }: Deps,
  parts: {
    readonly log: Log;
    readonly memberships: Memberships;
    readonly profiles: Profiles;
    readonly userOf: (handle: Handle, call: Call) => Promise<PublicUserView>;
    readonly appended: () => void;
  },
) => {
  const { log, memberships, profiles, userOf, appended } = parts;

  const view = async (call: Call, item: ConversationItem): Promise<ConversationView> => {
    const users = present(item.members).map((member) => member.user_uuid);
    const [known, rows] = await Promise.all([
      profiles.many(users, call),
      patterns.getInboxRows(users, item.uuid, call),
    ]);
    const readSeq = new Map(rows.map((row) => [row.user_uuid, row.read_seq]));
    return {
      uuid: item.uuid as ConversationUuid,
      kind: item.kind,
      ...(item.title !== undefined && { title: item.title }),
      created_by: item.created_by,
      created_at: item.created_at,
      participants: users.map((uuid) => ({
        uuid,
        handle: known.get(uuid)?.handle ?? tombstone.handle,
        display_name: known.get(uuid)?.display_name ?? tombstone.display_name,
        read_seq: readSeq.get(uuid) ?? 0,
      })),
    };
  };

  /** The conversation as it was when somebody left it by the entry at `seq`: nothing newer is theirs to read (CONV-2). */
  const viewAsLeft = async (call: Call, item: ConversationItem, seq: number): Promise<ConversationView> => {
    const leaving = await patterns.getEntry(item.uuid, seq, call);
    const { title: _, members: __, ...rest } = item;
    const then = await view(call, { ...rest, ...(leaving?.membership ?? { members_seq: seq, members: [] }) });
    const participants = then.participants.map((one) => ({ ...one, read_seq: Math.min(one.read_seq, seq) }));
    return { ...then, participants };
  };

  /** Puts the caller's row into the inbox; undefined when it is in a folder already. */
  const listRow = async (call: Call, conversation: string): Promise<InboxRowItem | undefined> => {
    const changes = { set: folderChange(call.user, 'inbox') };
    try {
      const condition = { attribute: 'inbox', is: 'absent' } as const;
      return await patterns.changeInboxRow(call.user, conversation, { changes, condition }, call);
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      return undefined;
    }
  };

  /**
   * Whoever opens a direct conversation wants to see it, on each of their screens, also when nobody has written yet. A row that
   * this call did not make is perhaps of the other one's start, and in no folder.
   */
  const showOpened = async (call: Call, conversation: string, made: InboxRowItem | undefined): Promise<void> => {
    const row = made ?? (await listRow(call, conversation));
    if (row !== undefined) bus.publish({ type: 'conversation.updated', to: [call.user], body: row });
  };

  /** Puts entry 0, or finds the one that stands there; then everybody has a row. */
  const create = async (
    call: Call,
    made: Omit<ConversationItem, 'nonce'>,
  ): Promise<{ item: ConversationItem; created: boolean }> => {
    const item = { ...made, nonce: Buffer.from(randomBytes(nonceBytes)).toString('base64url') };
    let created = true;
    let standing: ConversationItem = item;
    try {
      await patterns.createConversation(item, call);
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
      standing = (await patterns.getConversation(item.uuid, call)) ?? item;
      // With its nonce there it is this very put, whose answer was lost on the way.
      created = standing.nonce === item.nonce;
    }
    memberships.changed(item.uuid);
    const rows = await Promise.all(
      present(standing.members).map(({ user_uuid }) =>
        ensureRow(patterns, user_uuid, standing, standing.kind === 'group' || user_uuid === call.user, call),
      ),
    );
    if (standing.kind === 'direct') {
      const own = rows.find((row) => row?.user_uuid === call.user);
      await showOpened(call, standing.uuid, own);
    }
    return { item: standing, created };
  };

  /**
   * Appends a change of the group to its log, and carries it over to entry 0 before anybody is told. Where there is nothing to
   * change any more when its turn comes, the group as it stands.
   */
  const change = async (call: Call, conversation: string, next: Next): Promise<ConversationItem> => {
    const author = await profiles.get(call.user, call);
    if (author === undefined) throw noSuchConversation();
    const uuid = uuidV7(now(), randomBytes(10)) as MessageUuid;
    let audience: string[] = [];
    let unchanged: ConversationItem | undefined;
    // The new membership is made from the stored one: a cached one may still name somebody who was erased since.
    memberships.changed(conversation);
    const build = async (seq: number, createdAt: number, membersSeq: number): Promise<EntryItem> => {
      const current = await memberships.atLeast(conversation, membersSeq, call);
      if (current === undefined || !isIn(memberOf(current, call.user))) {
        throw new ParleyError('forbidden', 'You are no longer in this conversation.');
      }
      const made = next(current, seq);
      if (made === undefined) {
        unchanged = current;
        throw nothingToChange;
      }
      audience = [
        ...new Set([...present(current.members), ...present(made.membership.members)].map((m) => m.user_uuid)),
      ];
      return {
        type: 'message',
        kind: 'system',
        message_group_uuid: conversation,
        seq,
        uuid,
        user_uuid: call.user,
        display_name: author.display_name,
        handle: author.handle,
        created_at: isoTime(createdAt),
        members_seq: seq,
        ...made,
      };
    };
    const draft = { uuid, uuidTime: undefined, build };
    const appendedAs = await log
      .append(conversation, async () => draft, call)
      .catch((error: unknown) => {
        if (error !== nothingToChange) throw error;
      });
    if (appendedAs === undefined) {
      if (unchanged === undefined) throw noSuchConversation();
      return unchanged;
    }
    const { entry } = appendedAs;
    // Reads the entry back from the log's own answer: entry 0 follows it before the change is acknowledged.
    const item = await memberships.atLeast(conversation, entry.seq, call);
    appended();
    bus.publish({ type: 'message.created', to: audience, body: entry });
    if (item === undefined) throw noSuchConversation();
    return item;
  };

  /** Somebody who is in it as far as this node knows; what changes is decided by the membership that the log has. */
  const mustBeInGroup = async (call: Call, conversation: string): Promise<void> => {
    const { conversation: item, member } = await memberships.mustKnow(call, conversation);
    if (!isIn(member)) throw new ParleyError('forbidden', 'You are no longer in this conversation.');
    if (item.kind !== 'group') throw notAGroup();
  };

  const openDirect = async (
    call: Call,
    other: UserUuid,
    life = 0,
  ): Promise<{ item: ConversationItem; created: boolean }> => {
    const uuid = directUuid(call.user, other, life);
    const known = await memberships.get(uuid, call);
    const over = known !== undefined && [call.user, other].some((user) => memberOf(known, user) === undefined);
    if (over && life < livesMax) return openDirect(call, other, life + 1);
    if (known === undefined) {
      const spans = [{ from: 0 }];
      return create(call, {
        type: 'conversation',
        uuid,
        kind: 'direct',
        created_by: call.user,
        created_at: isoTime(now()),
        members_seq: 0,
        members: [call.user, other].sort().map((user_uuid) => ({ user_uuid, spans })),
      });
    }
    await showOpened(call, uuid, await ensureRow(patterns, call.user, known, true, call));
    return { item: known, created: false };
  };

  const openGroup = async (call: Call, others: readonly string[], title: string | undefined) => {
    if (others.length < 2) throw invalidHandles('a group has at least two others');
    const uuid = uuidV7(now(), randomBytes(10)) as ConversationUuid;
    const members = [call.user, ...others].map((user_uuid) => ({ user_uuid, spans: [{ from: 0 }] }));
    const { item } = await create(call, {
      type: 'conversation',
      uuid,
      kind: 'group',
      created_by: call.user,
      created_at: isoTime(now()),
      members_seq: 0,
      members,
      ...(title !== undefined && { title }),
    });
    const changed = await change(call, uuid, (current, seq) => ({
      change: { act: 'created' },
      membership: { members_seq: seq, members: current.members, ...(title !== undefined && { title }) },
    }));
    return { item: { ...item, ...changed }, created: true };
  };

  return {
    open: async (
      call: Call,
      request: { readonly handles: readonly Handle[]; readonly title?: string },
    ): Promise<{ conversation: ConversationView; created: boolean }> => {
      const title = request.title === undefined ? undefined : storableText('title', request.title, titleCharactersMax);
      const handles = [...new Set(request.handles)];
      if (handles.length >= groupMembersMax) throw invalidHandles(`at most ${groupMembersMax - 1} others`);
      const found = await Promise.all(handles.map((handle) => userOf(handle, call)));
      const others = [...new Set(found.map((user) => user.uuid))].filter((uuid) => uuid !== call.user);
      const [other] = others;
      if (other === undefined) throw invalidHandles('name somebody else');
      // The others' rows would stand without a name, also once there is one.
      if ((await profiles.get(call.user, call)) === undefined) throw noSuchUser();
      const direct = others.length === 1 && title === undefined;
      const { item, created } = direct
        ? await openDirect(call, other as UserUuid)
        : await openGroup(call, others, title);
      return { conversation: await view(call, item), created };
    },

    get: async (call: Call, conversation: string): Promise<ConversationView> => {
      const { conversation: item, member } = await memberships.mustKnow(call, conversation);
      return isIn(member) ? view(call, item) : viewAsLeft(call, item, member.spans.at(-1)?.to ?? 0);
    },

    rename: async (call: Call, conversation: string, wanted: string): Promise<void> => {
      const title = storableText('title', wanted, titleCharactersMax);
      await mustBeInGroup(call, conversation);
      await change(call, conversation, (current, seq) => {
        if (current.title === title) return undefined;
        return { change: { act: 'renamed' }, membership: { members_seq: seq, members: current.members, title } };
      });
    },

    add: async (call: Call, conversation: string, handle: Handle): Promise<ConversationView> => {
      await mustBeInGroup(call, conversation);
      const { uuid } = await userOf(handle, call);
      const changed = await change(call, conversation, (current, seq) => {
        if (isIn(memberOf(current, uuid))) return undefined;
        refuseFull(current);
        const members = withMember(current.members, uuid, seq);
        return { change: { act: 'added', user_uuid: uuid }, membership: membershipOf(current, members, seq) };
      });
      await ensureRow(patterns, uuid, changed, true, call);
      return view(call, changed);
    },

    /** The creator removes others; when the creator has left, any member does. Anybody leaves. */
    remove: async (call: Call, conversation: string, handle: Handle): Promise<ConversationView> => {
      await mustBeInGroup(call, conversation);
      const { uuid } = await userOf(handle, call);
      const leaves = uuid === call.user;
      const changed = await change(call, conversation, (current, seq) => {
        if (!isIn(memberOf(current, uuid))) return undefined;
        if (!leaves && current.created_by !== call.user && isIn(memberOf(current, current.created_by))) {
          throw new ParleyError('forbidden', 'Only the one who made the group removes others.');
        }
        const members = withoutMember(current.members, uuid, seq);
        return {
          change: { act: leaves ? 'left' : 'removed', user_uuid: uuid },
          membership: membershipOf(current, members, seq),
        };
      });
      return view(call, changed);
    },
  };
};

const membershipOf = (current: ConversationItem, members: Membership['members'], seq: number): Membership => ({
  members_seq: seq,
  members,
  ...(current.title !== undefined && { title: current.title }),
});
