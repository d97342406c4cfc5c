/**
 * One valid request for every operation of the OpenAPI document. A new route without its line here fails the tests of the
 * document, of authorization and of robustness.
 */
import { uuidV7 } from '#domain/uuid';
import type { AskOptions, Person, Rig } from './rig.ts';

/** Ada and Bob talk; Ada made the group; Cat was removed from it; Dan is blocked by Bob. */
export interface Scene {
  readonly ada: Person;
  readonly bob: Person;
  readonly cat: Person;
  readonly dan: Person;
  readonly direct: string;
  readonly group: string;
  /** Between Bob and Dan, who is blocked. */
  readonly blocked: string;
}

export const setScene = async (rig: Rig): Promise<Scene> => {
  const [ada, bob, cat, dan] = [
    await rig.signIn('ada', 'Ada'),
    await rig.signIn('bob', 'Bob'),
    await rig.signIn('cat', 'Cat'),
    await rig.signIn('dan', 'Dan'),
  ];
  await rig.signIn('eve', 'Eve');
  const direct = await rig.open(ada, ['bob']);
  await rig.send(ada, direct, 'first');
  await rig.send(bob, direct, 'second');
  const group = await rig.open(ada, ['bob', 'cat'], 'Choir');
  await rig.send(ada, group, 'welcome');
  await rig.ask('DELETE', `/v1/conversations/${group}/participants/cat`, { token: ada.token });
  await rig.send(ada, group, 'without Cat');
  const blocked = await rig.open(dan, ['bob']);
  await rig.send(dan, blocked, 'hello');
  await rig.ask('PUT', '/v1/blocks/dan', { token: bob.token });
  return { ada, bob, cat, dan, direct, group, blocked };
};

/** What a request is about, for the matrix of authorization. */
export type About = 'self' | 'conversation' | 'group' | 'own message' | 'public';

export interface Operation {
  readonly about: About;
  /** The address, in one conversation of the scene. */
  readonly url: (conversation: string, seq: number) => string;
  readonly ask?: () => AskOptions;
  /** Streams stay open: they are asked over a socket. */
  readonly stream?: true;
}

const c =
  (rest = '') =>
  (conversation: string) =>
    `/v1/conversations/${conversation}${rest}`;
const m =
  (rest = '') =>
  (conversation: string, seq: number) =>
    `/v1/conversations/${conversation}/messages/${seq}${rest}`;
const fixed = (url: string) => () => url;
let minted = 0;
const uuid = () => {
  minted += 1;
  return uuidV7(
    Date.now(),
    Uint8Array.from({ length: 10 }, (_, n) => (minted >> (n % 3)) & 255),
  );
};

/** By operationId; Ada may do each of them. */
export const operations: Readonly<Record<string, Operation>> = {
  signIn: { about: 'public', url: fixed('/v1/dev/sign-in'), ask: () => ({ body: { handle: 'ada' } }) },
  config: { about: 'public', url: fixed('/v1/config') },
  healthz: { about: 'public', url: fixed('/healthz') },
  readyz: { about: 'public', url: fixed('/readyz') },
  metrics: { about: 'public', url: fixed('/metrics') },

  me: { about: 'self', url: fixed('/v1/me') },
  changeMe: { about: 'self', url: fixed('/v1/me'), ask: () => ({ body: { display_name: 'Ada L.' } }) },
  exportMe: { about: 'self', url: fixed('/v1/me/export') },
  eraseMe: { about: 'self', url: fixed('/v1/me') },
  userByHandle: { about: 'self', url: fixed('/v1/users/bob') },
  listBlocks: { about: 'self', url: fixed('/v1/blocks') },
  block: { about: 'self', url: fixed('/v1/blocks/eve') },
  unblock: { about: 'self', url: fixed('/v1/blocks/eve') },
  openConversation: { about: 'self', url: fixed('/v1/conversations'), ask: () => ({ body: { handles: ['bob'] } }) },
  listConversations: { about: 'self', url: fixed('/v1/conversations') },
  events: { about: 'self', url: fixed('/v1/events'), stream: true },
  lens: { about: 'self', url: fixed('/v1/lens'), stream: true },

  getConversation: { about: 'conversation', url: c() },
  changeConversation: { about: 'conversation', url: c(), ask: () => ({ body: { muted: false } }) },
  listMessages: { about: 'conversation', url: c('/messages') },
  sendMessage: { about: 'conversation', url: c('/messages'), ask: () => ({ body: { uuid: uuid(), message: 'hi' } }) },
  markRead: { about: 'conversation', url: c('/read'), ask: () => ({ body: { seq: 1 } }) },
  typing: { about: 'conversation', url: c('/typing') },
  addReaction: { about: 'conversation', url: m('/reactions/%F0%9F%91%8D') },
  removeReaction: { about: 'conversation', url: m('/reactions/%F0%9F%91%8D') },
  lensItems: { about: 'conversation', url: (conversation) => `/v1/lens/items?conversation=${conversation}` },
  editMessage: { about: 'own message', url: m(), ask: () => ({ body: { message: 'better' } }) },
  deleteMessage: { about: 'own message', url: m() },
  addParticipant: { about: 'group', url: c('/participants/eve') },
  removeParticipant: { about: 'group', url: c('/participants/eve') },

  courseMessageGroups: { about: 'self', url: fixed('/api/message_groups') },
  courseUserShort: { about: 'self', url: fixed('/api/users/@bob/short') },
  courseMessages: { about: 'conversation', url: (conversation) => `/api/messages/${conversation}` },
  courseCreateMessage: {
    about: 'self',
    url: fixed('/api/messages'),
    ask: () => ({ body: { message: 'hi', handle: 'bob' } }),
  },
};

export interface Documented {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly isPublic: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: an OpenAPI operation, looked into by tests.
  readonly operation: any;
}

/** The operations of the document that the server gives out. */
export const documented = (rig: Rig): Documented[] => {
  const { paths = {} } = rig.app.swagger() as unknown as {
    paths?: Record<string, Record<string, { operationId: string }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      operationId: operation.operationId,
      method: method.toUpperCase(),
      path,
      isPublic: 'security' in operation && Array.isArray(operation.security) && operation.security.length === 0,
      operation,
    })),
  );
};
