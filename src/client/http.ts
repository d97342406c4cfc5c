/** The HTTP contract, version 1, as typed calls: one method for each route. Every promise rejects with `ApiError` alone. */
import type {
  BlocksPage,
  BlocksQuery,
  Conversation,
  ConversationPatch,
  ConversationsPage,
  ConversationsQuery,
  MePatch,
  Message,
  MessagesPage,
  MessagesQuery,
  NewConversation,
  NewMessage,
  PublicUser,
  ReadMark,
  Row,
  SignedIn,
  SignIn,
  User,
} from '#protocol/shapes';
import { type Call, createTransport, type TransportOptions } from './transport.ts';

/** Every route of the contract and the method of `Api` that calls it; a server's test holds its document to this list. */
export const routes = [
  { name: 'signIn', method: 'POST', path: '/v1/dev/sign-in' },
  { name: 'me', method: 'GET', path: '/v1/me' },
  { name: 'updateMe', method: 'PATCH', path: '/v1/me' },
  { name: 'exportMe', method: 'GET', path: '/v1/me/export' },
  { name: 'eraseMe', method: 'DELETE', path: '/v1/me' },
  { name: 'user', method: 'GET', path: '/v1/users/{handle}' },
  { name: 'createConversation', method: 'POST', path: '/v1/conversations' },
  { name: 'conversations', method: 'GET', path: '/v1/conversations' },
  { name: 'conversation', method: 'GET', path: '/v1/conversations/{uuid}' },
  { name: 'updateConversation', method: 'PATCH', path: '/v1/conversations/{uuid}' },
  { name: 'addParticipant', method: 'PUT', path: '/v1/conversations/{uuid}/participants/{handle}' },
  { name: 'removeParticipant', method: 'DELETE', path: '/v1/conversations/{uuid}/participants/{handle}' },
  { name: 'messages', method: 'GET', path: '/v1/conversations/{uuid}/messages' },
  { name: 'sendMessage', method: 'POST', path: '/v1/conversations/{uuid}/messages' },
  { name: 'editMessage', method: 'PATCH', path: '/v1/conversations/{uuid}/messages/{seq}' },
  { name: 'deleteMessage', method: 'DELETE', path: '/v1/conversations/{uuid}/messages/{seq}' },
  { name: 'addReaction', method: 'PUT', path: '/v1/conversations/{uuid}/messages/{seq}/reactions/{emoji}' },
  { name: 'removeReaction', method: 'DELETE', path: '/v1/conversations/{uuid}/messages/{seq}/reactions/{emoji}' },
  { name: 'markRead', method: 'PUT', path: '/v1/conversations/{uuid}/read' },
  { name: 'typing', method: 'POST', path: '/v1/conversations/{uuid}/typing' },
  { name: 'block', method: 'PUT', path: '/v1/blocks/{handle}' },
  { name: 'unblock', method: 'DELETE', path: '/v1/blocks/{handle}' },
  { name: 'blocks', method: 'GET', path: '/v1/blocks' },
  { name: 'events', method: 'GET', path: '/v1/events' },
  { name: 'lens', method: 'GET', path: '/v1/lens' },
  { name: 'lensItems', method: 'GET', path: '/v1/lens/items' },
  { name: 'health', method: 'GET', path: '/healthz' },
  { name: 'ready', method: 'GET', path: '/readyz' },
] as const satisfies readonly { name: string; method: string; path: string }[];

export type RouteName = (typeof routes)[number]['name'];

type Params = Readonly<Record<string, string | number>>;

const routeByName = new Map<RouteName, (typeof routes)[number]>(routes.map((route) => [route.name, route]));

/** The call of a route; every parameter and query value is percent-encoded. */
const request = (name: RouteName, params: Params = {}, query: object = {}): Call => {
  const route = routeByName.get(name);
  if (route === undefined) throw new Error(`no route is called ${name}`);
  const path = route.path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(params[key])));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  return { method: route.method, path: search.size === 0 ? path : `${path}?${search}` };
};

/** `setTimer` is for the deadline of each attempt. */
export type ApiOptions = TransportOptions;

/** Items as the table holds them: the keys, and whatever attributes there are. */
export interface LensItems {
  readonly items: readonly ({ readonly pk: string; readonly sk: string } & Readonly<Record<string, unknown>>)[];
}

export interface SentMessage {
  readonly message: Message;
  /** True: the same uuid was sent before, and this is the message that was written then (LOG-4). */
  readonly replayed: boolean;
}

export const createApi = (options: ApiOptions) => {
  const transport = createTransport(options);
  // The cast is the trust in the service: it validates what it answers by the same schemas that these types come from.
  const json = async <T>(call: Call): Promise<T> => (await transport.call(call)).body as T;
  const done = async (call: Call): Promise<void> => {
    await transport.call(call);
  };
  return {
    /** Only where the service itself issues tokens: development, and the embedded default. */
    signIn: (body: SignIn) => json<SignedIn>({ ...request('signIn'), body, authorize: false }),
    me: () => json<User>(request('me')),
    updateMe: (body: MePatch) => json<User>({ ...request('updateMe'), body }),
    /** JSON Lines, as a stream of bytes. */
    exportMe: (signal?: AbortSignal): Promise<Response> =>
      transport.open(signal === undefined ? request('exportMe') : { ...request('exportMe'), signal }),
    /** Accepted: the user is erased in the background. */
    eraseMe: () => done(request('eraseMe')),
    user: (handle: string) => json<PublicUser>(request('user', { handle })),
    /** One handle without a title: the direct conversation with this person, which may exist already. */
    createConversation: (body: NewConversation) => json<Conversation>({ ...request('createConversation'), body }),
    conversations: (query: ConversationsQuery = {}) => json<ConversationsPage>(request('conversations', {}, query)),
    conversation: (uuid: string) => json<Conversation>(request('conversation', { uuid })),
    updateConversation: (uuid: string, body: ConversationPatch) =>
      done({ ...request('updateConversation', { uuid }), body }),
    addParticipant: (uuid: string, handle: string) => done(request('addParticipant', { uuid, handle })),
    /** With one's own handle: leave. */
    removeParticipant: (uuid: string, handle: string) => done(request('removeParticipant', { uuid, handle })),
    /** Newest first; with `after_seq`, oldest first. */
    messages: (uuid: string, query: MessagesQuery = {}) => json<MessagesPage>(request('messages', { uuid }, query)),
    /** Safe to repeat with the same `uuid`, however often (LOG-4). */
    sendMessage: async (uuid: string, body: NewMessage): Promise<SentMessage> => {
      const answer = await transport.call({ ...request('sendMessage', { uuid }), body });
      return { message: answer.body as Message, replayed: answer.headers.get('idempotent-replayed') === 'true' };
    },
    editMessage: (uuid: string, seq: number, message: string) =>
      json<Message>({ ...request('editMessage', { uuid, seq }), body: { message } }),
    deleteMessage: (uuid: string, seq: number) => json<Message>(request('deleteMessage', { uuid, seq })),
    addReaction: (uuid: string, seq: number, emoji: string) =>
      json<Message>(request('addReaction', { uuid, seq, emoji })),
    removeReaction: (uuid: string, seq: number, emoji: string) =>
      json<Message>(request('removeReaction', { uuid, seq, emoji })),
    /** Moves the mark forward; with `unread`, wherever it says. */
    markRead: (uuid: string, body: ReadMark) => json<Row>({ ...request('markRead', { uuid }), body }),
    typing: (uuid: string) => done(request('typing', { uuid })),
    block: (handle: string) => done(request('block', { handle })),
    unblock: (handle: string) => done(request('unblock', { handle })),
    blocks: (query: BlocksQuery = {}) => json<BlocksPage>(request('blocks', {}, query)),
    /** Server-sent events; `live.ts` reads them. */
    events: (signal: AbortSignal): Promise<Response> => transport.open({ ...request('events'), signal }),
    /** Server-sent events: one for each request to the table (the embedded default only). */
    lens: (signal: AbortSignal): Promise<Response> => transport.open({ ...request('lens'), signal }),
    /** The stored items behind a conversation of mine, sealed as they are (the embedded default only). */
    lensItems: (conversation: string) => json<LensItems>(request('lensItems', {}, { conversation })),
    health: () => done({ ...request('health'), authorize: false }),
    ready: () => done({ ...request('ready'), authorize: false }),
  };
};

export type Api = ReturnType<typeof createApi>;
