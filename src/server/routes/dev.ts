/** Sign-in of the embedded default: a handle is enough, on this machine only (SEC-1). */
import { setTimeout } from 'node:timers/promises';
import { ParleyError } from '#domain/errors';
import { userUuid } from '#domain/ids';
import { displayNameCharactersMax } from '#domain/limits';
import { storableText } from '#domain/text';
import type { Messenger } from '#messenger/messenger';
import type { UserView } from '#messenger/views';
import { SignedIn, SignIn } from '#protocol/shapes';
import type { App } from '../app-types.ts';
import type { EmbeddedIssuer } from '../auth/embedded-issuer.ts';
import { requestDeadlineMs } from '../auth/verify.ts';
import { answer, noToken, problems } from './describe.ts';
import { handleField } from './ids.ts';

export interface SignInNeeds {
  readonly messenger: Messenger;
  readonly issuer: EmbeddedIssuer;
  /** A random uuid, version 4, for somebody new. */
  readonly randomUuid: () => string;
  readonly now: () => number;
}

type Wish = Parameters<Messenger['provision']>[1];

/** Between a handle's claim and the profile that names it lies one write. */
const raceMs = 200;

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a user has a uuid');
  return value;
};

/** The names of this machine. Any other in the Host header means that a page of somewhere else is asking (DNS rebinding). */
const localHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

export const devRoutes = (app: App, { messenger, issuer, randomUuid, now }: SignInNeeds): void => {
  const make = (wish: Wish, deadline: number): Promise<UserView> =>
    messenger.provision(must(userUuid(randomUuid())), wish, deadline);

  /** Two who sign in under one new handle at once are one user: the later finds what the earlier made. */
  const findOrMake = async (wish: Wish, deadline: number): Promise<UserView> => {
    const found = await messenger.findByHandle(wish.handle, deadline);
    if (found !== undefined) return found;
    return make(wish, deadline).catch(async (error: unknown) => {
      if (!(error instanceof ParleyError) || error.code !== 'handle_taken') throw error;
      await setTimeout(raceMs);
      const other = await messenger.findByHandle(wish.handle, deadline);
      if (other === undefined) throw error;
      return other;
    });
  };

  app.post(
    '/v1/dev/sign-in',
    {
      schema: {
        tags: ['system'],
        operationId: 'signIn',
        summary: 'Sign in as anybody, on this machine; somebody new is made',
        security: noToken,
        body: SignIn,
        response: { 200: answer(SignedIn, 'A token'), ...problems },
      },
    },
    async (request) => {
      if (!localHost.test(request.headers.host ?? ''))
        throw new ParleyError('forbidden', 'The local sign-in answers this machine under its own name only.');
      const { display_name } = request.body;
      // Before anybody is looked up: what cannot be a name costs nothing.
      if (display_name !== undefined) storableText('display_name', display_name, displayNameCharactersMax);
      const handle = handleField(request.body.handle, 'handle');
      const deadline = now() + requestDeadlineMs;
      const wish = display_name === undefined ? { handle } : { handle, display_name };
      const view = await findOrMake(wish, deadline);
      const user = must(userUuid(view.uuid));
      if ((await messenger.isServed(user, deadline)) !== 'active')
        throw new ParleyError('unauthenticated', 'This user is not served.');
      const { access_token, expires_in } = await issuer.issue(user);
      return { access_token, token_type: 'Bearer' as const, expires_in, user: view };
    },
  );
};
