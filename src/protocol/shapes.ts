/**
 * The shapes on the wire, version 1. The same schemas validate requests, shape answers and generate the OpenAPI document.
 * The client takes only the types, so that a browser loads no schema.
 */
import { type Static, type TEnum, Type } from 'typebox';
import {
  displayNameCharactersMax,
  emojiCharactersMax,
  groupMembersMax,
  messageCharactersMax,
  pageDefault,
  pageMax,
  seqMax,
  titleCharactersMax,
} from '#domain/limits';

const closed = { additionalProperties: false } as const;

const ada = '0712907a-9111-4de1-82a2-8dc3dc1d36c0';
const bob = '199fd534-368c-4888-b136-4c7af6c5deea';
const talk = '8d2df086-bfb9-521a-93ca-d8c936e6ce1a';
const sent = '01a2042f-1537-76ae-a147-28497d3d1b6e';
const at = '2026-11-22T16:55:24.217Z';

/** One of each, as the OpenAPI document shows them: Ada and Bob talk. */
const examples = {
  user: { uuid: ada, handle: 'ada', display_name: 'Ada Lovelace', created_at: at },
  publicUser: { uuid: bob, handle: 'bob', display_name: 'Bob' },
  message: {
    uuid: sent,
    seq: 1,
    message_group_uuid: talk,
    kind: 'text',
    user_uuid: ada,
    handle: 'ada',
    display_name: 'Ada Lovelace',
    message: 'Shall we meet at the engine?',
    created_at: at,
    reactions: { '👍': [bob] },
  },
  row: {
    uuid: talk,
    kind: 'direct',
    other_user_uuid: bob,
    other_user_handle: 'bob',
    other_user_display_name: 'Bob',
    last_message: 'Shall we meet at the engine?',
    last_message_at: at,
    last_seq: 1,
    read_seq: 1,
    unread: 0,
    muted: false,
    archived: false,
  },
  conversation: {
    uuid: talk,
    kind: 'direct',
    created_by: ada,
    created_at: at,
    participants: [
      { uuid: ada, handle: 'ada', display_name: 'Ada Lovelace', read_seq: 1 },
      { uuid: bob, handle: 'bob', display_name: 'Bob', read_seq: 0 },
    ],
  },
} as const;

/** A closed object with an example for the document. */
const shown = <E>(...of: readonly E[]) => ({ ...closed, examples: [...of] });
const handlePattern = '^[A-Za-z0-9_]{3,30}$';
const uuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';

/** An enumeration keeps its serializer simple: a union of literals would be validated once more for every answer. */
const oneOf = <Names extends string[]>(...names: [...Names]): TEnum<Names> => Type.Enum(names, { type: 'string' });

const Uuid = Type.String({ pattern: uuidPattern, maxLength: 36 });
const HandleText = Type.String({
  pattern: handlePattern,
  maxLength: 30,
  description: '3–30 of a-z 0-9 _, without case',
});
const Time = Type.String({ description: 'ISO 8601, milliseconds, Z' });
const Seq = Type.Integer({ minimum: 1, maximum: seqMax });
const DisplayName = Type.String({ minLength: 1, maxLength: displayNameCharactersMax });

export const User = Type.Object(
  { uuid: Uuid, handle: HandleText, display_name: DisplayName, created_at: Time },
  shown(examples.user),
);
export type User = Static<typeof User>;

export const PublicUser = Type.Object(
  { uuid: Uuid, handle: HandleText, display_name: DisplayName },
  shown(examples.publicUser),
);
export type PublicUser = Static<typeof PublicUser>;

export const SignIn = Type.Object(
  { handle: HandleText, display_name: Type.Optional(DisplayName) },
  shown({ handle: 'ada', display_name: 'Ada Lovelace' }),
);
export type SignIn = Static<typeof SignIn>;

export const SignedIn = Type.Object(
  { access_token: Type.String(), token_type: oneOf('Bearer'), expires_in: Type.Integer(), user: User },
  shown({ access_token: 'eyJhbGciOiJFZERTQSJ9…', token_type: 'Bearer', expires_in: 43_200, user: examples.user }),
);
export type SignedIn = Static<typeof SignedIn>;

export const MePatch = Type.Object(
  { handle: Type.Optional(HandleText), display_name: Type.Optional(DisplayName) },
  { ...shown({ display_name: 'Ada Lovelace' }), minProperties: 1 },
);
export type MePatch = Static<typeof MePatch>;

export const Message = Type.Object(
  {
    uuid: Uuid,
    seq: Seq,
    message_group_uuid: Uuid,
    kind: oneOf('text', 'system'),
    user_uuid: Uuid,
    handle: Type.String(),
    display_name: Type.String(),
    message: Type.Optional(Type.String({ description: 'Absent when deleted, or unreadable' })),
    created_at: Time,
    edited_at: Type.Optional(Time),
    deleted_at: Type.Optional(Time),
    reply_to: Type.Optional(Seq),
    reactions: Type.Optional(Type.Record(Type.String(), Type.Array(Uuid))),
    rev: Type.Optional(Type.Integer({ description: 'Counts the changes of the message: of two versions, the newer' })),
    unreadable: Type.Optional(Type.String({ description: 'Why the stored text does not open (SEC-3)' })),
  },
  shown(examples.message),
);
export type Message = Static<typeof Message>;

export const Row = Type.Object(
  {
    uuid: Uuid,
    kind: oneOf('direct', 'group'),
    title: Type.Optional(Type.String()),
    other_user_uuid: Type.Optional(Uuid),
    other_user_handle: Type.Optional(Type.String()),
    other_user_display_name: Type.Optional(Type.String()),
    last_message: Type.String(),
    last_message_at: Time,
    last_seq: Type.Integer({ minimum: 0 }),
    read_seq: Type.Integer({ minimum: 0 }),
    unread: Type.Integer({ minimum: 0 }),
    muted: Type.Boolean(),
    archived: Type.Boolean(),
    unreadable: Type.Optional(Type.String({ description: 'Why the stored last message does not open (SEC-3)' })),
  },
  shown(examples.row),
);
export type Row = Static<typeof Row>;

export const Participant = Type.Object(
  { uuid: Uuid, handle: Type.String(), display_name: Type.String(), read_seq: Type.Integer({ minimum: 0 }) },
  closed,
);
export type Participant = Static<typeof Participant>;

export const Conversation = Type.Object(
  {
    uuid: Uuid,
    kind: oneOf('direct', 'group'),
    title: Type.Optional(Type.String()),
    created_by: Uuid,
    created_at: Time,
    participants: Type.Array(Participant),
  },
  shown(examples.conversation),
);
export type Conversation = Static<typeof Conversation>;

const Title = Type.String({ minLength: 1, maxLength: titleCharactersMax });

export const NewConversation = Type.Object(
  {
    handles: Type.Array(HandleText, { minItems: 1, maxItems: groupMembersMax - 1 }),
    title: Type.Optional(Title),
  },
  shown({ handles: ['bob'] }, { handles: ['bob', 'cat'], title: 'Choir' }),
);
export type NewConversation = Static<typeof NewConversation>;

export const ConversationPatch = Type.Object(
  {
    title: Type.Optional(Title),
    muted: Type.Optional(Type.Boolean()),
    archived: Type.Optional(Type.Boolean()),
  },
  { ...shown({ muted: true }, { title: 'Quartet' }), minProperties: 1 },
);
export type ConversationPatch = Static<typeof ConversationPatch>;

const MessageText = Type.String({ minLength: 1, maxLength: messageCharactersMax });

export const NewMessage = Type.Object(
  { uuid: Type.Optional(Uuid), message: MessageText, reply_to: Type.Optional(Seq) },
  shown({ uuid: sent, message: 'Shall we meet at the engine?' }, { message: 'Yes, at noon.', reply_to: 1 }),
);
export type NewMessage = Static<typeof NewMessage>;

export const MessagePatch = Type.Object({ message: MessageText }, shown({ message: 'Shall we meet at the Engine?' }));
export type MessagePatch = Static<typeof MessagePatch>;

export const ReadMark = Type.Object(
  { seq: Type.Integer({ minimum: 0, maximum: seqMax }), unread: Type.Optional(Type.Boolean()) },
  shown({ seq: 1 }, { seq: 1, unread: true }),
);
export type ReadMark = Static<typeof ReadMark>;

const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: pageMax, default: pageDefault }));
const Cursor = Type.Optional(Type.String({ maxLength: 1_024 }));

export const MessagesQuery = Type.Object(
  {
    limit: Limit,
    cursor: Cursor,
    after_seq: Type.Optional(Type.Integer({ minimum: 0, maximum: seqMax })),
    before_seq: Type.Optional(Type.Integer({ minimum: 1, maximum: seqMax + 1 })),
    at: Type.Optional(
      Type.String({ maxLength: 30, description: 'A time: the page that ends at the newest message not after it' }),
    ),
  },
  closed,
);
export type MessagesQuery = Static<typeof MessagesQuery>;

export const ConversationsQuery = Type.Object(
  {
    folder: Type.Optional(oneOf('inbox', 'archive')),
    limit: Limit,
    cursor: Cursor,
  },
  closed,
);
export type ConversationsQuery = Static<typeof ConversationsQuery>;

export const MessagesPage = Type.Object(
  { messages: Type.Array(Message), cursor: Type.Optional(Type.String()) },
  shown({ messages: [examples.message] }),
);
export type MessagesPage = Static<typeof MessagesPage>;

export const ConversationsPage = Type.Object(
  { conversations: Type.Array(Row), cursor: Type.Optional(Type.String()) },
  shown({ conversations: [examples.row] }),
);
export type ConversationsPage = Static<typeof ConversationsPage>;

export const BlocksQuery = Type.Object({ limit: Limit, cursor: Cursor }, closed);
export type BlocksQuery = Static<typeof BlocksQuery>;

export const BlocksPage = Type.Object(
  { blocks: Type.Array(PublicUser), cursor: Type.Optional(Type.String()) },
  shown({ blocks: [examples.publicUser] }),
);
export type BlocksPage = Static<typeof BlocksPage>;

export const ConversationParams = Type.Object({ uuid: Type.String() }, closed);
export const MessageParams = Type.Object({ uuid: Type.String(), seq: Seq }, closed);
export const ReactionParams = Type.Object(
  { uuid: Type.String(), seq: Seq, emoji: Type.String({ minLength: 1, maxLength: emojiCharactersMax }) },
  closed,
);
export const HandleParams = Type.Object({ handle: HandleText }, closed);
export const ParticipantParams = Type.Object({ uuid: Type.String(), handle: HandleText }, closed);
