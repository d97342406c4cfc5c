/** From an empty page to a running session, as one state. Components only show it and call what stands here. */
import { ApiError } from '#client/failure';
import type { Api } from '#client/http';
import { platformRuntime } from '#client/runtime';
import { createSession } from '#client/session';
import { createSignal } from '#client/signal';
import type { Session } from '#client/view';
import type { User } from '#protocol/shapes';
import { forgetDrafts } from '../drafts.ts';
import { problemText } from '../problem-text.ts';
import { navigate } from '../router.ts';
import { forgetStored } from '../storage.ts';
import { type Config, fetchConfig } from './config.ts';
import { apiFor, type Identity, resume, signInAs } from './identity.ts';
import { createOutboxStorage } from './outbox-slot.ts';
import { leaveToSignIn } from './pkce.ts';

export type Account =
  | { readonly status: 'starting' }
  /** The server does not answer; it is asked again by itself. */
  | { readonly status: 'unreachable' }
  | { readonly status: 'signed_out'; readonly config: Config; readonly busy: boolean; readonly problem?: string }
  | {
      readonly status: 'signed_in';
      readonly config: Config;
      readonly me: User;
      readonly api: Api;
      readonly session: Session;
    };

/** Between two questions whether the server is there again. */
const askAgainMs = 2_000;

let state: Account = { status: 'starting' };
/** Ends what belongs to the user who is signed in. */
let leave: (() => void) | undefined;

const signal = createSignal(() => state);
export const account = signal;

const become = (next: Account): void => {
  state = next;
  signal.changed();
};

const signedOut = (config: Config, problem?: string): void =>
  become({ status: 'signed_out', config, busy: false, ...(problem === undefined ? {} : { problem }) });

async function enter(config: Config, identity: Identity): Promise<void> {
  const runtime = platformRuntime();
  const api = apiFor(identity.token, () => {
    // A late answer to somebody who has signed out is not about who is signed in now.
    if (state.status !== 'signed_in' || current !== identity) return;
    end(config, identity, 'You were signed out. Please sign in again.');
  });
  const me = await api.me();
  const released = new AbortController();
  const session = createSession({
    api,
    runtime,
    me: { uuid: me.uuid },
    storage: createOutboxStorage(me.uuid, released.signal),
  });
  const wake = (): void => {
    if (document.visibilityState === 'visible') session.wake();
  };
  addEventListener('online', wake);
  addEventListener('focus', wake);
  document.addEventListener('visibilitychange', wake);
  leave = () => {
    removeEventListener('online', wake);
    removeEventListener('focus', wake);
    document.removeEventListener('visibilitychange', wake);
    session.stop();
    released.abort();
  };
  session.start();
  become({ status: 'signed_in', config, me, api, session });
}

function end(config: Config, identity: Identity, problem?: string): void {
  leave?.();
  leave = undefined;
  if (identity.forget()) return;
  navigate({ name: 'inbox' }, 'replace');
  signedOut(config, problem);
}

let current: Identity | undefined;

/** Rejects only when the server is not to be reached. */
async function enterAs(config: Config, signIn: () => Promise<Identity | undefined>): Promise<void> {
  try {
    current = await signIn();
    if (current === undefined) signedOut(config);
    else await enter(config, current);
  } catch (error) {
    if (error instanceof ApiError && error.passing) throw error;
    // What is not the service's own word comes from signing in: the provider's refusal, or a code that is not ours.
    signedOut(config, error instanceof ApiError ? problemText(error) : `Signing in did not work: ${messageOf(error)}.`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asks the server what it is, and goes on where this tab was. */
export async function start(): Promise<void> {
  try {
    const config = await fetchConfig();
    await enterAs(config, () => resume(config));
  } catch {
    become({ status: 'unreachable' });
    setTimeout(() => void start(), askAgainMs);
  }
}

export function signInWithHandle(handle: string, displayName?: string): void {
  if (state.status !== 'signed_out') return;
  const { config } = state;
  become({ status: 'signed_out', config, busy: true });
  enterAs(config, () => signInAs(handle, displayName)).catch((error: unknown) => signedOut(config, problemText(error)));
}

export function signInHosted(): void {
  if (state.status !== 'signed_out' || state.config.sign_in !== 'cognito') return;
  const { config } = state;
  become({ status: 'signed_out', config, busy: true });
  leaveToSignIn(config).catch(() => signedOut(config, 'This browser cannot sign in here: the page needs https.'));
}

/** Drafts and unsent messages of this user leave the browser with them: somebody else may be next at this machine. */
export function signOut(): void {
  if (state.status !== 'signed_in' || current === undefined) return;
  const { me, config } = state;
  end(config, current);
  forgetDrafts(me.uuid);
  forgetStored(localStorage, `${me.uuid}.`);
}

export function updateMe(me: User): void {
  if (state.status === 'signed_in') become({ ...state, me });
}
