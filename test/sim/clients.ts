/** People at work: they open, send, repeat, edit, read and leave, through any node, and note what they were told. */
import { ParleyError } from '#domain/errors';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { uuidV7 } from '#domain/uuid';
import type { ConversationView, MessageView } from '#messenger/views';
import { type Fleet, type Node, wordMsMax } from './nodes.ts';
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
  /** Read marks tried and acknowledged, by `user conversation`, and whether one was ever moved back. */
  readonly marks: Map<string, { tried: number[]; acknowledged: number; back?: boolean }>;
  readonly edits: Map<string, Set<string>>;
  /** The newest revision somebody was told of, and when, by `conversation seq`. */
  readonly revisions: Map<string, { readonly rev: number; readonly at: number }>;
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
  revisions: new Map(),
  wrong: [],
});

export const createClient = (world: World, fleet: Fleet, notes: Notes, me: Person, deafCaches: boolean) => {
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

  /** The revision of an entry that somebody was told of, and when: from a second later on everybody sees it, or a newer one. */
  const told = (conversation: string, { seq, rev = 0 }: MessageView): void => {
    const name = `${conversation} ${seq}`;
    const known = notes.revisions.get(name);
    if (known === undefined || known.rev < rev) notes.revisions.set(name, { rev, at: world.now });
  };

  return {
    /** Reads a page somewhere in the log, and looks whether it is as new as it should be. */
    scroll: async (conversation: string): Promise<void> => {
      const newest = Math.max(...[...notes.acknowledged.values()].map(({ seq }) => seq), 2);
      const request = { limit: 1 + world.below(60), before_seq: 2 + world.below(newest) };
      const begun = world.now;
      const expected = new Map(notes.revisions);
      const page = await persist(async (node) => {
        // Who scrolls back has seen the newest first.
        await node.messenger.history(call, conversation as ConversationUuid, { limit: 1 });
        return node.messenger.history(call, conversation as ConversationUuid, request);
      });
      const messages = page?.messages ?? [];
      messages.forEach(({ seq, rev = 0 }, index) => {
        const above = messages[index - 1];
        if (above !== undefined && above.seq !== seq + 1) notes.wrong.push(`[PAGE-2] a page jumps from ${above.seq}`);
        const known = expected.get(`${conversation} ${seq}`);
        // When word may be lost, only the expiry is promised; it is longer than these lives.
        if (!deafCaches && known !== undefined && begun - known.at > wordMsMax && rev < known.rev)
          notes.wrong.push(`[SEC-5] ${seq} shows revision ${rev}, ${begun - known.at} ms after ${known.rev} was told`);
      });
    },

    /** Reacts to some entry or other, or takes the reaction back. */
    touch: async (conversation: string): Promise<void> => {
      const entries = [...notes.acknowledged.values()].filter((one) => one.message_group_uuid === conversation);
      if (entries.length === 0) return;
      const { seq } = world.pick(entries);
      const on = world.chance(0.6);
      const done = await persist((node) => node.messenger.react(call, conversation as ConversationUuid, seq, '👍', on));
      if (done !== undefined) told(conversation, done);
    },

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
      const edited = await persist((node) =>
        node.messenger.edit(call, conversation as ConversationUuid, message.seq, text),
      );
      if (edited !== undefined) told(conversation, edited);
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
