/** People at their devices: the client SDK's own sessions, each against a node of its own, who talk in groups. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createApi } from '#client/http';
import { platformRuntime } from '#client/runtime';
import { createSession } from '#client/session';
import type { Session, Timeline } from '#client/view';
import type { SignedIn } from '#protocol/shapes';

export interface Talker {
  readonly handle: string;
  readonly uuid: string;
  readonly session: Session;
  readonly api: ReturnType<typeof createApi>;
  readonly timeline: (conversation: string) => Timeline;
  stop(): void;
}

const patienceMs = 60_000;

/** Signs in at a node, trying for a while: it may be waiting for a table that fails. */
const signIn = async (url: string, handle: string): Promise<SignedIn> => {
  for (let waited = 0; ; waited += 200) {
    const answer = await fetch(`${url}/v1/dev/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ handle }),
    }).catch(() => undefined);
    if (answer?.ok) return (await answer.json()) as SignedIn;
    if (waited > patienceMs) throw new Error(`${handle} cannot sign in: ${await answer?.text()}`);
    await sleep(200);
  }
};

/** @param startedAt when the node was started last: the local issuer's tokens are good for as long as its process lives. */
export const startTalker = async (url: string, handle: string, startedAt: () => number = () => 0): Promise<Talker> => {
  const runtime = platformRuntime();
  const signed = await signIn(url, handle);
  let issued = { at: startedAt(), token: Promise.resolve(signed.access_token) };
  const token = (): Promise<string> => {
    if (issued.at !== startedAt()) {
      issued = { at: startedAt(), token: signIn(url, handle).then(({ access_token }) => access_token) };
    }
    return issued.token;
  };
  const api = createApi({ baseUrl: url, ...runtime, token, timeoutMs: 10_000 });
  // Tokens last an hour, a soak may last longer.
  const renewing = setInterval(() => {
    issued = { ...issued, at: -1 };
  }, 600_000);
  renewing.unref();
  let stored: string | null = null;
  const storage = {
    load: () => stored,
    save: (text: string) => {
      stored = text;
    },
  };
  const session = createSession({ api, runtime, storage, me: { uuid: signed.user.uuid } });
  session.start();
  const shown = new Map<string, () => void>();
  return {
    handle,
    uuid: signed.user.uuid,
    session,
    api,
    timeline: (conversation) => {
      const timeline = session.timeline(conversation);
      // Somebody looks at it: it stays loaded.
      if (!shown.has(conversation))
        shown.set(
          conversation,
          timeline.subscribe(() => undefined),
        );
      return timeline;
    },
    stop: () => {
      clearInterval(renewing);
      for (const leave of shown.values()) leave();
      session.stop();
    },
  };
};

/** What is wrong with what a talker sees of a conversation whose newest seq is `head`; undefined when it is whole and in order. */
export const faultOf = (talker: Talker, conversation: string, head: number): string | undefined => {
  const snapshot = talker.timeline(conversation).getSnapshot();
  const seqs: number[] = [];
  for (let index = 0; index < snapshot.length; index += 1) {
    const entry = snapshot.at(index);
    if (entry?.kind !== 'message') return `${talker.handle} still sends ${entry?.key}`;
    seqs.push(entry.message.seq);
  }
  const [first = head + 1] = seqs;
  if (seqs.some((seq, index) => seq !== first + index)) return `${talker.handle} sees a gap or a jump: ${seqs}`;
  if (seqs.at(-1) !== head) return `${talker.handle} sees up to ${seqs.at(-1)} of ${head}`;
  return undefined;
};

/** Resolves when nobody has anything against it any more; rejects with what they have after `withinMs`. */
export const settled = async (find: () => string | undefined, withinMs: number): Promise<void> => {
  const end = Date.now() + withinMs;
  for (;;) {
    const fault = find();
    if (fault === undefined) return;
    if (Date.now() > end) throw new Error(fault);
    await sleep(50);
  }
};
