/** Names out of paths: one that cannot be is answered like one that is not (PAGE-4). */
import { ParleyError } from '#domain/errors';
import { type ConversationUuid, conversationUuid, type Handle, handle } from '#domain/ids';

export const conversationIn = (params: { readonly uuid: string }): ConversationUuid => {
  const uuid = conversationUuid(params.uuid);
  if (uuid === undefined) throw new ParleyError('not_found', 'There is no such conversation.');
  return uuid;
};

export const handleIn = (params: { readonly handle: string }): Handle => {
  const name = handle(params.handle);
  if (name === undefined) throw new ParleyError('not_found', 'There is no such user.');
  return name;
};

/** A handle out of a body. */
export const handleField = (text: string, field: string): Handle => {
  const name = handle(text);
  if (name !== undefined) return name;
  const message = 'must be 3–30 of a-z 0-9 _';
  throw new ParleyError('invalid_field', `${field}: ${message}`, { fields: [{ field, message }] });
};
