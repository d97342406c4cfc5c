/** A filled folder opened again, and what is asked of it. */
import type { SendRequest } from '#messenger/messenger';
import { type EmbeddedParley, openEmbeddedParley } from '../parley/embedded.ts';
import { userOf } from '../parley/node.ts';
import { cast } from './level.ts';

export interface Grown {
  readonly parley: EmbeddedParley;
  /** In the long conversation, when it was opened. */
  readonly messages: number;
  /** Its newest 20, or the 20 that end below a seq; fewer at the beginning. */
  page(before?: number): Promise<void>;
  /** The busy person's newest 20 conversations. */
  inbox(): Promise<void>;
  send(request: SendRequest): Promise<void>;
}

const pageSize = 20;

export const openGrown = async (folder: string): Promise<Grown> => {
  const parley = await openEmbeddedParley(folder, () => Date.now());
  const { busy, other, conversation } = cast();
  const call = { user: userOf(busy) };
  const { messenger } = parley;
  const history = async (before?: number) =>
    messenger.history(call, conversation, {
      limit: pageSize,
      ...(before !== undefined && { before_seq: before }),
    });
  const newest = (await history()).messages[0]?.seq ?? 0;
  let sent = 0;
  return {
    parley,
    messages: newest,
    page: async (before) => {
      const { messages } = await history(before);
      const expected = before === undefined ? pageSize : Math.min(pageSize, before - 1);
      if (messages.length !== expected) throw new Error(`a page of ${messages.length}`);
      if (messages.some(({ message }) => message === undefined)) throw new Error('a message that cannot be read');
    },
    inbox: async () => {
      const { conversations } = await messenger.inbox(call, { folder: 'inbox', limit: pageSize });
      if (conversations.length !== pageSize) throw new Error(`an inbox of ${conversations.length}`);
      if (conversations.some((row) => row.last_message === undefined)) throw new Error('a row without its text');
    },
    send: async (request) => {
      sent += 1;
      await messenger.send({ user: userOf(sent % 2 === 0 ? busy : other) }, conversation, request);
    },
  };
};
