/** People at work: they open, send, repeat, edit, read and leave, through any node, and note what they were told. */
import { ParleyError } from '#domain/errors';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { uuidV7 } from '#domain/uuid';
import type { ConversationView, MessageView } from '#messenger/views';
import type { Fleet, Node } from './nodes.ts';
import type { World } from './world.ts';

export interface Person {
  readonly uuid: UserUuid;
  readonly handle: Handle;
  /** The handle's wearer's own clock, wrong by this many milliseconds. */
  readonly skew: number;
}

/** What was asked and answered, for the checks afterwards. */
export interface Notes {
  /** Every text somebody tried to send, by uuid. */
  readonly attempted: Map<string, { readonly author: string; readonly text: string }>;
  /** Every send that was acknowledged, by uuid. */
  readonly acknowledged: Map<string, MessageView>;
  readonly opened: ConversationView[];
  /** Read marks tried and acknowledged, by `user conversation`. */
  readonly marks: Map<string, { tried: number[]; acknowledged: number }>;
  readonly edits: Map<string, Set<string>>;
  readonly wrong: string[];
}

/** A client waits this long for an answer before it asks again. */
const patienceMs = 1_000;
const attemptsMax = 12;

export const emptyNotes = (): Notes => ({
  attempted: new Map(),
  acknowledged: new Map(),
  opened: [],
  marks: new Map(),
  edits: new Map(),
  wrong: [],
});

export const createClient = (world: World, fleet: Fleet, notes: Notes, me: Person) => {
  const call = { user: me.uuid };
  const lost = Symbol('lost');

  /** Asks any node, until somebody answers; undefined when nobody does, or when the answer is final and no. */
  const persist = async <T>(ask: (node: Node) => Promise<T>, shots = 1): Promise<T | undefined> => {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const asked = Array.from({ length: shots }, () =>
        Promise.race([
          ask(world.pick(fleet.nodes)),
          world.wait(patienceMs * (0.2 + world.random())).then(() => lost),
        ]).catch((error: unknown) => error),
      );
      const answers = await Promise.all(asked);
      for (const answer of answers) {
        if (answer === lost) continue;
        if (answer instanceof ParleyError) {
          if (answer.code === 'internal') notes.wrong.push(`internal: ${String(answer.cause)}`);
          if (!['unavailable', 'conversation_busy', 'conflict'].includes(answer.code)) return undefined;
          continue;
        }
        if (answer instanceof Error) {
          notes.wrong.push(`not a ParleyError: ${answer.stack}`);
          return undefined;
        }
        return answer as T;
      }
      await world.wait(world.random() * 500);
    }
    return undefined;
  };

  return {
    provision: () => persist((node) => node.messenger.provision(me.uuid, { handle: me.handle })),

    open: async (handles: readonly Handle[], title?: string): Promise<ConversationView | undefined> => {
      const wish = title === undefined ? { handles } : { handles, title };
      const opened = await persist((node) => node.messenger.open(call, wish));
      if (opened !== undefined) notes.opened.push(opened.conversation);
      return opened?.conversation;
    },

    send: async (conversation: string, text: string): Promise<MessageView | undefined> => {
      const uuid = uuidV7(world.now + me.skew, world.bytes(10));
      notes.attempted.set(uuid, { author: me.uuid, text });
      const request = { uuid, message: text };
      const check = (message: MessageView) => {
        const before = notes.acknowledged.get(uuid);
        if (before !== undefined && before.seq !== message.seq) {
          notes.wrong.push(`[LOG-4] ${uuid} acknowledged at ${before.seq} and at ${message.seq}`);
        }
        notes.acknowledged.set(uuid, message);
      };
      const sent = await persist(
        async (node) => {
          const answer = await node.messenger.send(call, conversation as ConversationUuid, request);
          check(answer.message);
          return answer;
        },
        world.chance(0.3) ? 2 : 1,
      );
      // Long after it was settled, the same uuid comes once more from somewhere.
      if (sent !== undefined && world.chance(0.2)) {
        world.after(world.random() * 20_000, () => {
          const again = world.pick(fleet.nodes).messenger.send(call, conversation as ConversationUuid, request);
          again.then((answer) => check(answer.message)).catch(() => undefined);
        });
      }
      return sent?.message;
    },

    edit: async (conversation: string, message: MessageView, text: string): Promise<void> => {
      const known = notes.edits.get(message.uuid) ?? new Set();
      notes.edits.set(message.uuid, known.add(text));
      await persist((node) => node.messenger.edit(call, conversation as ConversationUuid, message.seq, text));
    },

    read: async (conversation: string, seq: number): Promise<void> => {
      const name = `${me.uuid} ${conversation}`;
      const marks = notes.marks.get(name) ?? { tried: [], acknowledged: 0 };
      notes.marks.set(name, marks);
      marks.tried.push(seq);
      const done = await persist((node) => node.messenger.markRead(call, conversation as ConversationUuid, { seq }));
      if (done !== undefined) marks.acknowledged = Math.max(marks.acknowledged, seq);
    },

    change: (conversation: string, what: (node: Node, uuid: ConversationUuid) => Promise<unknown>) =>
      persist((node) => what(node, conversation as ConversationUuid)),
  };
};
