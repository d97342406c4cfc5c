/**
 * Pages as JSON. A page that is read again comes as the very views of before (frozen, `messenger/shown.ts`), and so its text is
 * the one of before; writing it out anew would cost as much as all the rest of the answer.
 */
import type { FastifyReply } from 'fastify';

const written = new WeakMap<readonly unknown[], string>();

/** The views as a JSON array. They have the properties of the contract's shapes and no others. */
const arrayText = (views: readonly unknown[]): string => {
  const known = written.get(views);
  if (known !== undefined) return known;
  const text = JSON.stringify(views);
  if (Object.isFrozen(views)) written.set(views, text);
  return text;
};

/** Sends `{<name>: views, cursor?}`. */
export const sendPage = (
  reply: Pick<FastifyReply, 'type' | 'send'>,
  name: 'messages' | 'conversations',
  views: readonly unknown[],
  cursor: string | undefined,
): FastifyReply => {
  const rest = cursor === undefined ? '' : `,"cursor":${JSON.stringify(cursor)}`;
  return reply.type('application/json; charset=utf-8').send(`{"${name}":${arrayText(views)}${rest}}`);
};
