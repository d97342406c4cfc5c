/**
 * The routes of the course's own application, so that its web client works unchanged: the same use cases, the course's paths,
 * status codes and arrays of error codes. What the course does not name is answered as everywhere.
 */
import { type TSchema, Type } from 'typebox';
import { conversationUuid } from '#domain/ids';
import { courseMessageCharactersMax, pageDefault, pageMax } from '#domain/limits';
import type { MessageView, RowView } from '#messenger/views';
import type { App, RouteNeeds } from '../app-types.ts';
import { answer, problems } from './describe.ts';
import { conversationIn, handleIn } from './ids.ts';

const entry = {
  uuid: '8d2df086-bfb9-521a-93ca-d8c936e6ce1a',
  display_name: 'Bob',
  handle: 'bob',
  message: 'Shall we meet at the engine?',
  created_at: '2026-11-22T16:55:24.217Z',
};
const Entry = Type.Object({
  uuid: Type.String(),
  display_name: Type.String(),
  handle: Type.String(),
  message: Type.String(),
  created_at: Type.String(),
});
type Entry = Type.Static<typeof Entry>;

const Errors = Type.Array(Type.String(), {
  description: "What is wrong, by the course's codes",
  examples: [['message_blank']],
});
const Short = Type.Object(
  { uuid: Type.String(), handle: Type.String(), display_name: Type.String() },
  { examples: [{ uuid: '199fd534-368c-4888-b136-4c7af6c5deea', handle: 'bob', display_name: 'Bob' }] },
);
const Params = Type.Object({ message_group_uuid: Type.String() });
const HandleParams = Type.Object({ handle: Type.String() });
/** The course's client sends what it has: fields are looked at one by one, and unknown ones passed over. */
const NewMessage: TSchema = Type.Object(
  {
    message: Type.Optional(Type.Unknown()),
    message_group_uuid: Type.Optional(Type.Unknown()),
    handle: Type.Optional(Type.Unknown()),
  },
  {
    examples: [
      { message: entry.message, message_group_uuid: entry.uuid },
      { message: entry.message, handle: 'bob' },
    ],
  },
);

const tags = ['course'];

/** The other person and the last message; a group shows its title. */
const groupEntry = (row: RowView): Entry => ({
  uuid: row.uuid,
  display_name: row.other_user_display_name ?? row.title ?? '',
  handle: row.other_user_handle ?? '',
  message: row.last_message,
  created_at: row.last_message_at,
});

const messageEntry = (message: MessageView): Entry => ({
  uuid: message.uuid,
  display_name: message.display_name,
  handle: message.handle,
  message: message.message ?? '',
  created_at: message.created_at,
});

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** Spelled as the course spells it. */
const receiverBlank = 'user_reciever_handle_blank';

const errorsOf = (message: string, to: { readonly group: string | undefined; readonly handle: string }): string[] => {
  const errors: string[] = [];
  if (to.group === '') errors.push('message_group_uuid_blank');
  if (to.group === undefined && to.handle === '') errors.push(receiverBlank);
  if (message === '') errors.push('message_blank');
  else if ([...message].length > courseMessageCharactersMax)
    errors.push(`message_exceed_max_chars_${courseMessageCharactersMax}`);
  return errors;
};

export const courseRoutes = (app: App, { messenger, callOf }: RouteNeeds): void => {
  app.get(
    '/api/message_groups',
    {
      schema: {
        tags,
        operationId: 'courseMessageGroups',
        summary: 'My conversations',
        response: { 200: Type.Array(Entry, { description: 'The newest first', examples: [[entry]] }), ...problems },
      },
    },
    async (request) => {
      const page = await messenger.inbox(callOf(request), { folder: 'inbox', limit: pageMax });
      return page.conversations.map(groupEntry);
    },
  );

  app.get(
    '/api/messages/:message_group_uuid',
    {
      schema: {
        tags,
        operationId: 'courseMessages',
        summary: 'The newest 20 messages of a conversation',
        params: Params,
        response: { 200: Type.Array(Entry, { description: 'The oldest first', examples: [[entry]] }), ...problems },
      },
    },
    async (request) => {
      const conversation = conversationIn({ uuid: request.params.message_group_uuid });
      const page = await messenger.history(callOf(request), conversation, { limit: pageDefault });
      return page.messages.map(messageEntry).reverse();
    },
  );

  app.post(
    '/api/messages',
    {
      schema: {
        tags,
        operationId: 'courseCreateMessage',
        summary: 'Send into a conversation, or to a handle',
        body: NewMessage,
        response: {
          200: answer(
            Type.Union([Entry, Type.Object({ message_group_uuid: Type.String() })], {
              examples: [entry, { message_group_uuid: entry.uuid }],
            }),
            'The message; sent to a handle, the conversation it is in',
          ),
          422: Errors,
          ...problems,
        },
      },
      // A body that is no object has none of the fields, and is answered so, in the course's codes.
      attachValidation: true,
    },
    async (request, reply) => {
      const call = callOf(request);
      const body = (request.validationError === undefined ? request.body : {}) as Readonly<Record<string, unknown>>;
      const message = textOf(body.message);
      const to = {
        // The course's server takes null for absent.
        group: (body.message_group_uuid ?? undefined) === undefined ? undefined : textOf(body.message_group_uuid),
        handle: textOf(body.handle),
      };
      const errors = errorsOf(message, to);
      if (errors.length > 0) return reply.code(422).send(errors);
      if (to.group !== undefined) {
        const sent = await messenger.send(call, conversationIn({ uuid: to.group }), { message });
        return messageEntry(sent.message);
      }
      const handle = handleIn({ handle: to.handle });
      // One's own handle names nobody to receive it, as a blank one does.
      if ((await messenger.me(call)).handle === handle) return reply.code(422).send([receiverBlank]);
      const { conversation } = await messenger.open(call, { handles: [handle] });
      const uuid = conversationUuid(conversation.uuid);
      if (uuid === undefined) throw new Error('a conversation has a uuid');
      await messenger.send(call, uuid, { message });
      return { message_group_uuid: uuid };
    },
  );

  app.get(
    '/api/users/@:handle/short',
    {
      schema: {
        tags,
        operationId: 'courseUserShort',
        summary: 'Somebody, by handle',
        params: HandleParams,
        response: { 200: answer(Short, 'The user'), ...problems },
      },
    },
    async (request) => messenger.userByHandle(callOf(request), handleIn(request.params)),
  );
};
