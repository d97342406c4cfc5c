import { expect, test } from 'vitest';
import { createVirtualTime } from '../../test/support/virtual-time.ts';
import { ApiError } from './failure.ts';
import { type Api, createApi, routes } from './http.ts';
import type { Fetch } from './runtime.ts';

const setup = (fetch: Fetch) => {
  const time = createVirtualTime();
  const tokens: boolean[] = [];
  const signedOut: true[] = [];
  const api = createApi({
    baseUrl: 'https://parley.example',
    fetch,
    setTimer: time.setTimer,
    token: async (options) => {
      tokens.push(options?.refresh ?? false);
      return options?.refresh ? 'fresh' : 'old';
    },
    onUnauthenticated: () => signedOut.push(true),
    timeoutMs: 5_000,
  });
  return { time, tokens, signedOut, api };
};

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers },
  });

const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => (error instanceof ApiError ? error : Promise.reject(error)),
  );

test('every route of the list is a method, and calls what the list says', async () => {
  const seen: string[] = [];
  const { api } = setup(async (url, init) => {
    seen.push(`${init.method} ${decodeURIComponent(new URL(url).pathname)}`);
    return json({});
  });
  const signal = new AbortController().signal;
  const calls: Record<keyof Api, () => Promise<unknown>> = {
    signIn: () => api.signIn({ handle: 'anna' }),
    me: api.me,
    updateMe: () => api.updateMe({ handle: 'anna' }),
    exportMe: () => api.exportMe(),
    eraseMe: api.eraseMe,
    user: () => api.user('{handle}'),
    createConversation: () => api.createConversation({ handles: ['bert'] }),
    conversations: () => api.conversations({ folder: 'archive' }),
    conversation: () => api.conversation('{uuid}'),
    updateConversation: () => api.updateConversation('{uuid}', { muted: true }),
    addParticipant: () => api.addParticipant('{uuid}', '{handle}'),
    removeParticipant: () => api.removeParticipant('{uuid}', '{handle}'),
    messages: () => api.messages('{uuid}', { after_seq: 3 }),
    sendMessage: () => api.sendMessage('{uuid}', { message: 'x' }),
    editMessage: () => api.editMessage('{uuid}', 1, 'x'),
    deleteMessage: () => api.deleteMessage('{uuid}', 1),
    addReaction: () => api.addReaction('{uuid}', 1, '{emoji}'),
    removeReaction: () => api.removeReaction('{uuid}', 1, '{emoji}'),
    markRead: () => api.markRead('{uuid}', { seq: 1 }),
    typing: () => api.typing('{uuid}'),
    block: () => api.block('{handle}'),
    unblock: () => api.unblock('{handle}'),
    blocks: api.blocks,
    events: () => api.events(signal),
    lens: () => api.lens(signal),
    lensItems: () => api.lensItems('{uuid}'),
    health: api.health,
    ready: api.ready,
  };
  expect(Object.keys(calls).sort()).toEqual(routes.map((route) => route.name).sort());
  for (const { name, method, path } of routes) {
    await calls[name]();
    expect(seen.pop()).toBe(`${method} ${path.replace('{seq}', '1')}`);
  }
});

test('[NET-1] a problem document becomes an error with its code, fields and times', async () => {
  const { api } = setup(async () =>
    json({ code: 'rate_limited', detail: 'slower', errors: [{ field: 'message', message: 'blank' }] }, 429, {
      'retry-after': '3',
    }),
  );
  const error = await failure(api.me());
  expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAfterMs: 3_000, passing: true, refused: true });
  expect(error.fields).toEqual([{ field: 'message', message: 'blank' }]);
});

test('a page of a proxy is nobody’s refusal: it may be tried again, and proves nothing', async () => {
  const { api } = setup(async () => new Response('<h1>Welcome to the hotel</h1>', { status: 403 }));
  expect(await failure(api.me())).toMatchObject({ code: 'unreadable_answer', passing: true, refused: false });
  const portal = setup(async () => new Response('<h1>Welcome</h1>'));
  expect(await failure(portal.api.me())).toMatchObject({ code: 'unreadable_answer', passing: true, refused: false });
});

test('[SEC-1] a refused token is refreshed once; refused again, the user is told', async () => {
  const used: string[] = [];
  const refused = json({ code: 'unauthenticated' }, 401);
  const { api, tokens, signedOut } = setup(async (_, init) => {
    const authorization = new Headers(init.headers).get('authorization') ?? '';
    used.push(authorization);
    return authorization === 'Bearer fresh' ? json({ handle: 'anna' }) : refused.clone();
  });
  expect(await api.me()).toEqual({ handle: 'anna' });
  expect(used).toEqual(['Bearer old', 'Bearer fresh']);
  expect(tokens).toEqual([false, true]);
  expect(signedOut).toEqual([]);
  const out = setup(async () => refused.clone());
  expect(await failure(out.api.me())).toMatchObject({ code: 'unauthenticated', status: 401 });
  expect(out.signedOut).toEqual([true]);
});

test('a request without an answer ends at its deadline, one without a network at once', async () => {
  const { api, time } = setup(
    (_, init) =>
      new Promise((_resolve, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  const late = failure(api.me());
  await time.advance(5_000);
  expect(await late).toMatchObject({ code: 'timeout', status: 0, passing: true, refused: false });
  const away = setup(() => Promise.reject(new TypeError('fetch failed')));
  expect(await failure(away.api.me())).toMatchObject({ code: 'network', passing: true });
});
