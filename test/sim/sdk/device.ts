/** A person's device: the real SDK over the network of the simulation, what its storage keeps over a reload, and what is noticed. */
import { type Api, createApi } from '#client/http';
import type { Runtime } from '#client/runtime';
import { createSession } from '#client/session';
import type { Session, TimelineSnapshot } from '#client/view';
import { uuidV7 } from '#domain/uuid';
import type { Message } from '#protocol/shapes';
import type { Person } from '../clients.ts';
import type { World } from '../world.ts';
import { type ClientNetwork, deviceHeader } from './network.ts';
import { tokenOf } from './service.ts';

/**
 * `RETRY`: a repeated send has a new uuid. `GAP`: a fetch of what lies in a gap brings nothing. `TWICE`: an event of a message
 * is applied a second time, as the next message. `RELOAD`: nothing is kept over a reload. `HELLO`: nothing is fetched when the
 * connection is there again.
 */
export type ClientMutation = 'RETRY' | 'GAP' | 'TWICE' | 'RELOAD' | 'HELLO';

export const clientMutations: readonly ClientMutation[] = ['RETRY', 'GAP', 'TWICE', 'RELOAD', 'HELLO'];

const timeoutMs = 10_000;

/** A text that was composed here, as long as nobody took it back. */
export interface Composed {
  readonly conversation: string;
  readonly text: string;
  /** Refused, and sent again or forgotten: it keeps its place among the others no more. */
  outOfOrder: boolean;
  discarded: boolean;
}

export interface Device {
  readonly name: string;
  readonly person: Person;
  readonly api: Api;
  session: Session;
  readonly composed: Composed[];
  /** Looks at a conversation from now on, as a person who leaves it open does. */
  watch(conversation: string): void;
  readonly watched: ReadonlySet<string>;
  send(conversation: string, text: string): void;
  /** The page is closed and opened again: all but the storage is gone. */
  reload(): void;
}

export const messagesOf = (snapshot: TimelineSnapshot): Message[] => {
  const messages: Message[] = [];
  for (let index = 0; index < snapshot.length; index += 1) {
    const entry = snapshot.at(index);
    if (entry?.kind === 'message') messages.push(entry.message);
  }
  return messages;
};

/** Shown at any moment: in order, each once, without a hole where nobody left the conversation, and never an older version. */
const createWatch = (gapless: () => boolean, wrong: (what: string) => void) => {
  const revisions = new Map<number, number>();
  return (snapshot: TimelineSnapshot): void => {
    const keys = new Set<string>();
    let before: Message | undefined;
    for (let index = 0; index < snapshot.length; index += 1) {
      const entry = snapshot.at(index);
      if (entry === undefined) {
        wrong(`[LIVE-2] there is nothing at ${index} of ${snapshot.length}`);
        continue;
      }
      if (keys.has(entry.key)) wrong(`[LIVE-2] ${entry.key} is shown twice`);
      keys.add(entry.key);
      if (entry.kind === 'send') continue;
      const { message } = entry;
      if (before !== undefined && message.seq <= before.seq)
        wrong(`[LIVE-2] ${message.seq} stands after ${before.seq}`);
      if (before !== undefined && gapless() && message.seq !== before.seq + 1)
        wrong(`[LIVE-2] ${message.seq} follows ${before.seq}`);
      const { seq, rev = 0 } = message;
      if (rev < (revisions.get(seq) ?? 0))
        wrong(`[LIVE-2] ${seq} is shown as it was before revision ${revisions.get(seq)}`);
      revisions.set(seq, rev);
      before = message;
    }
  };
};

/** The fetch of a client that forgets the uuid of what it sent. */
const forgetful =
  (world: World, fetch: Runtime['fetch']): Runtime['fetch'] =>
  (url, init) => {
    if (init.method !== 'POST' || !url.endsWith('/messages')) return fetch(url, init);
    const body = { ...JSON.parse(String(init.body)), uuid: uuidV7(world.now, world.bytes(10)) };
    return fetch(url, { ...init, body: JSON.stringify(body) });
  };

/** The answer whose events of one name are changed on their way. */
const changedEvents = async (answer: Promise<Response>, name: string, change: (frame: string) => string) => {
  const { body, headers } = await answer;
  if (body === null) throw new TypeError('a stream has a body');
  let rest = '';
  const frames = body.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform: (text, out) => {
        const whole = (rest + text).split('\n\n');
        rest = whole.pop() ?? '';
        for (const frame of whole) out.enqueue(frame.startsWith(`event: ${name}\n`) ? change(frame) : `${frame}\n\n`);
      },
    }),
  );
  return new Response(frames.pipeThrough(new TextEncoderStream()), { headers });
};

const broken = (api: Api, mutation: ClientMutation | undefined): Api => {
  switch (mutation) {
    case 'GAP':
      return {
        ...api,
        messages: async (uuid, query) => {
          const page = await api.messages(uuid, query);
          return query?.after_seq === undefined ? page : { messages: [] };
        },
      };
    case 'TWICE': {
      const twice = (frame: string) =>
        `${frame}\n\n${frame.replace(/"seq":(\d+)/, (_, seq: string) => `"seq":${Number(seq) + 1}`)}\n\n`;
      return { ...api, events: (signal) => changedEvents(api.events(signal), 'message.created', twice) };
    }
    case 'HELLO':
      return { ...api, events: (signal) => changedEvents(api.events(signal), 'hello', () => ':\n\n') };
    default:
      return api;
  }
};

export interface DeviceOptions {
  readonly world: World;
  readonly network: ClientNetwork;
  readonly name: string;
  readonly person: Person;
  /** Whether nobody ever came or went there, so that a hole in the seqs is a hole in what is shown. */
  readonly gapless: (conversation: string) => boolean;
  readonly wrong: (what: string) => void;
  readonly mutation: ClientMutation | undefined;
}

export const createDevice = (options: DeviceOptions): Device => {
  const { world, network, name, person, mutation } = options;
  const sent: Runtime['fetch'] = (url, init) => {
    const headers = { ...(init.headers as Readonly<Record<string, string>>), [deviceHeader]: name };
    return network.fetch(url, { ...init, headers });
  };
  const runtime: Runtime = {
    now: () => world.now + person.skew,
    random: world.random,
    setTimer: (ms, run) => world.after(Math.max(0, ms), run),
    fetch: mutation === 'RETRY' ? forgetful(world, sent) : sent,
  };
  let token = tokenOf(person.uuid, world.now);
  const api = createApi({
    baseUrl: '',
    ...runtime,
    token: async (how) => {
      if (how?.refresh === true) token = tokenOf(person.uuid, world.now);
      return token;
    },
    timeoutMs,
  });
  let stored: string | null = null;
  const storage = {
    load: () => stored,
    save: (text: string) => {
      if (mutation !== 'RELOAD') stored = text;
    },
  };
  const watched = new Set<string>();
  const composed: Composed[] = [];
  const start = (): Session => {
    const session = createSession({ api: broken(api, mutation), runtime, storage, me: { uuid: person.uuid } });
    session.start();
    return session;
  };
  const look = (conversation: string): void => {
    const timeline = device.session.timeline(conversation);
    const check = createWatch(
      () => options.gapless(conversation),
      (what) => options.wrong(`${name}: ${what}`),
    );
    timeline.subscribe(() => check(timeline.getSnapshot()));
  };
  const device: Device = {
    name,
    person,
    api,
    session: start(),
    composed,
    watched,
    watch: (conversation) => {
      if (watched.has(conversation)) return;
      watched.add(conversation);
      look(conversation);
    },
    send: (conversation, text) => {
      composed.push({ conversation, text, outOfOrder: false, discarded: false });
      device.session.timeline(conversation).send(text);
    },
    reload: () => {
      device.session.stop();
      device.session = start();
      for (const conversation of watched) look(conversation);
    },
  };
  return device;
};
