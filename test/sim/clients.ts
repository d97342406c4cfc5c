/** People at work: they open, send, repeat, edit, read and leave, through any node, and note what they were told. */
import { ParleyError } from '#domain/errors';
import type { ConversationUuid, Handle, UserUuid } from '#domain/ids';
import { uuidV7 } from '#domain/uuid';
import type { ConversationView, MessageView } from '#messenger/views';
import { isConditionFailed } from '#table/errors';
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
  /** Entries whose deletion was acknowledged, by `conversation seq`. */
  readonly deleted: Set<string>;
  readonly edits: Map<string, Set<string>>;
  /** The newest revision somebody was told of, and when, by `conversation seq`. */
  readonly revisions: Map<string, { readonly rev: number; readonly at: number }>;
  /** Every entry whose text somebody was shown, by `user conversation seq`: on a page, in an answer, or on a live stream. */
  readonly shown: Set<string>;
  /** Who is to be erased, or was. */
  readonly erased: Set<string>;
  readonly wrong: string[];
}

/** A client waits this long for an answer before it asks again. */
const patienceMs = 1_000;
/** As the server gives each request. */
const deadlineMs = 10_000;
const attemptsMax = 12;

export const emptyNotes = (): Notes => ({
  attempted: new Map(),
  acknowledged: new Map(),
  opened: [],
  marks: new Map(),
  deleted: new Set(),
  edits: new Map(),
  revisions: new Map(),
  shown: new Set(),
  erased: new Set(),
  wrong: [],
});

/** Another worker has the erasure by now. */
const isRace = (cause: unknown): boolean => isConditionFailed(cause) || /changed faster/.test(String(cause));

export const createClient = (world: World, fleet: Fleet, notes: Notes, me: Person, deafCaches: boolean) => {
  /** A request ends with its deadline, by the clock of the node that serves it. */
  const by = (node: Node) => ({ user: me.uuid, deadline: node.now() + deadlineMs });
  const shown = ({ message_group_uuid, seq, message }: MessageView): void => {
    if (message !== undefined) notes.shown.add(`${me.uuid} ${message_group_uuid} ${seq}`);
  };
  for (const node of fleet.nodes) {
    node.messenger.live(me.uuid, (event) => {
      if (event.type === 'message.created' || event.type === 'message.updated') shown(event.data);
    });
  }
  const lost = Symbol('lost');

  /** Asks any node, until somebody answers; undefined when nobody does, or when the answer is final and no. */
  const persist = async <T>(ask: (node: Node) => Promise<T>, shots = 1): Promise<T | undefined> => {
    for (let attempt = 0; attempt < attemptsMax && !notes.erased.has(me.uuid); attempt += 1) {
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
        await node.messenger.history(by(node), conversation as ConversationUuid, { limit: 1 });
        return node.messenger.history(by(node), conversation as ConversationUuid, request);
      });
      const messages = page?.messages ?? [];
      messages.forEach(shown);
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
      const done = await persist((node) =>
        node.messenger.react(by(node), conversation as ConversationUuid, seq, '👍', on),
      );
      if (done !== undefined) shown(done);
      if (done !== undefined) told(conversation, done);
    },

    provision: () => persist((node) => node.messenger.provision(me.uuid, { handle: me.handle })),

    open: async (handles: readonly Handle[], title?: string): Promise<ConversationView | undefined> => {
      const wish = title === undefined ? { handles } : { handles, title };
      const opened = await persist((node) => node.messenger.open(by(node), wish));
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
          const answer = await node.messenger.send(by(node), conversation as ConversationUuid, request);
          check(answer.message);
          return answer;
        },
        world.chance(0.3) ? 2 : 1,
      );
      // Long after it was settled, the same uuid comes once more from somewhere.
      if (sent !== undefined && world.chance(0.2)) {
        world.after(world.random() * 20_000, () => {
          if (notes.erased.has(me.uuid)) return;
          const node = world.pick(fleet.nodes);
          const again = node.messenger.send(by(node), conversation as ConversationUuid, request);
          again.then((answer) => check(answer.message)).catch(() => undefined);
        });
      }
      return sent?.message;
    },

    edit: async (conversation: string, message: MessageView, text: string): Promise<void> => {
      const known = notes.edits.get(message.uuid) ?? new Set();
      notes.edits.set(message.uuid, known.add(text));
      const edited = await persist((node) =>
        node.messenger.edit(by(node), conversation as ConversationUuid, message.seq, text),
      );
      if (edited !== undefined) told(conversation, edited);
    },

    delete: async (conversation: string, seq: number): Promise<void> => {
      const deleted = await persist((node) =>
        node.messenger.deleteMessage(by(node), conversation as ConversationUuid, seq),
      );
      if (deleted === undefined) return;
      notes.deleted.add(`${conversation} ${seq}`);
      told(conversation, deleted);
    },

    /** Says that nothing after a seq was read; from then on only what was ever tried is known of the mark. */
    unread: async (conversation: string, seq: number): Promise<void> => {
      const name = `${me.uuid} ${conversation}`;
      const marks = notes.marks.get(name) ?? { tried: [], acknowledged: 0 };
      notes.marks.set(name, { ...marks, back: true });
      marks.tried.push(seq);
      await persist((node) =>
        node.messenger.markRead(by(node), conversation as ConversationUuid, { seq, unread: true }),
      );
    },

    /** Changes the name, or the handle and back. */
    rename: (change: { readonly display_name?: string; readonly handle?: Handle }) =>
      persist((node) => node.messenger.changeMe(by(node), change)),

    block: (handle: Handle, on: boolean) =>
      persist((node) => (on ? node.messenger.block(by(node), handle) : node.messenger.unblock(by(node), handle))),

    /** Begins the erasure of this person, after which they ask for nothing, and sees it carried out by whichever node. */
    erase: async (): Promise<void> => {
      notes.erased.add(me.uuid);
      let state: string | undefined;
      for (; state !== 'done'; await world.wait(2_000 + world.random() * 6_000)) {
        // Of the two whose clocks are wrong the least: a lease by a clock far ahead is waited for as long as that.
        const { messenger, lifecycle } = world.pick(fleet.nodes.slice(0, 2));
        try {
          const begun = messenger.eraseMe({ user: me.uuid }).then(() => true);
          if ((await Promise.race([begun, world.wait(5_000)])) !== true) continue;
          const progress = await Promise.race([lifecycle.advance(me.uuid), world.wait(60_000)]);
          // None is open: another attempt, whose answer was lost, has carried it out.
          state = progress?.state === 'none' ? 'done' : progress?.state;
        } catch (error) {
          if (!(error instanceof ParleyError)) throw error;
          // Nobody was ever signed up; there is no one to erase.
          if (error.code === 'not_found') return void notes.erased.delete(me.uuid);
          if (error.code === 'internal' && !isRace(error.cause)) notes.wrong.push(`internal: ${String(error.cause)}`);
        }
      }
    },

    read: async (conversation: string, seq: number): Promise<void> => {
      const name = `${me.uuid} ${conversation}`;
      const marks = notes.marks.get(name) ?? { tried: [], acknowledged: 0 };
      notes.marks.set(name, marks);
      marks.tried.push(seq);
      const done = await persist((node) =>
        node.messenger.markRead(by(node), conversation as ConversationUuid, { seq }),
      );
      if (done !== undefined) marks.acknowledged = Math.max(marks.acknowledged, seq);
    },

    change: (conversation: string, what: (node: Node, uuid: ConversationUuid) => Promise<unknown>) =>
      persist((node) => what(node, conversation as ConversationUuid)),
  };
};
