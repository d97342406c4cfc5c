/** A conversation's messages: send, list, edit, delete, react, read, type (patterns A and C). */

import type { FastifyReply } from 'fastify';
import { pageDefault } from '#domain/limits';
import {
  ConversationParams,
  Message,
  MessageParams,
  MessagePatch,
  MessagesPage,
  MessagesQuery,
  NewMessage,
  ReactionParams,
  ReadMark,
  Row,
} from '#protocol/shapes';
import type { App, RouteNeeds } from '../app-types.ts';
import { createTurn } from '../turn.ts';
import { answer, nothing, problems } from './describe.ts';
import { conversationIn } from './ids.ts';
import { sendPage } from './page-json.ts';

const tags = ['messages'];

export const messageRoutes = (app: App, { messenger, callOf }: RouteNeeds): void => {
  const turn = createTurn();
  app.post(
    '/v1/conversations/:uuid/messages',
    {
      schema: {
        tags,
        operationId: 'sendMessage',
        summary: 'Send a message; the same uuid again gives the message first written',
        params: ConversationParams,
        body: NewMessage,
        response: {
          200: answer(Message, 'Sent before with this uuid: the message then written (Idempotent-Replayed: true)'),
          201: answer(Message, 'Written'),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      await turn();
      const { message, replayed } = await messenger.send(callOf(request), conversationIn(request.params), request.body);
      if (replayed) return reply.code(200).header('idempotent-replayed', 'true').send(message);
      return reply.code(201).send(message);
    },
  );

  app.get(
    '/v1/conversations/:uuid/messages',
    {
      schema: {
        tags,
        operationId: 'listMessages',
        summary: 'The messages, newest first; with after_seq, oldest first',
        params: ConversationParams,
        querystring: MessagesQuery,
        response: { 200: answer(MessagesPage, 'A page; another exists while there is a cursor'), ...problems },
      },
    },
    async (request, reply) => {
      const limit = request.query.limit ?? pageDefault;
      const asked = { ...request.query, limit };
      const { messages, cursor } = await messenger.history(callOf(request), conversationIn(request.params), asked);
      return sendPage(reply as Pick<FastifyReply, 'type' | 'send'>, 'messages', messages, cursor);
    },
  );

  app.patch(
    '/v1/conversations/:uuid/messages/:seq',
    {
      schema: {
        tags,
        operationId: 'editMessage',
        summary: "Change one's own message",
        params: MessageParams,
        body: MessagePatch,
        response: { 200: answer(Message, 'As it now stands'), ...problems },
      },
    },
    async (request) =>
      messenger.edit(callOf(request), conversationIn(request.params), request.params.seq, request.body.message),
  );

  app.delete(
    '/v1/conversations/:uuid/messages/:seq',
    {
      schema: {
        tags,
        operationId: 'deleteMessage',
        summary: "Delete one's own message; a tombstone stays",
        params: MessageParams,
        response: { 200: answer(Message, 'The tombstone'), ...problems },
      },
    },
    async (request) => messenger.deleteMessage(callOf(request), conversationIn(request.params), request.params.seq),
  );

  for (const [method, on] of [
    ['PUT', true],
    ['DELETE', false],
  ] as const) {
    app.route({
      method,
      url: '/v1/conversations/:uuid/messages/:seq/reactions/:emoji',
      schema: {
        tags,
        operationId: on ? 'addReaction' : 'removeReaction',
        summary: on ? 'React with an emoji' : 'Take a reaction back',
        params: ReactionParams,
        response: { 200: answer(Message, 'As it now stands'), ...problems },
      },
      handler: async (request) => {
        const { seq, emoji } = request.params;
        return messenger.react(callOf(request), conversationIn(request.params), seq, emoji, on);
      },
    });
  }

  app.put(
    '/v1/conversations/:uuid/read',
    {
      schema: {
        tags,
        operationId: 'markRead',
        summary: 'Read up to a message; with unread, the mark may go back',
        params: ConversationParams,
        body: ReadMark,
        response: { 200: answer(Row, 'The row as it now stands'), ...problems },
      },
    },
    async (request) => messenger.markRead(callOf(request), conversationIn(request.params), request.body),
  );

  app.post(
    '/v1/conversations/:uuid/typing',
    {
      schema: {
        tags,
        operationId: 'typing',
        summary: 'Tell the others that one types; it expires by itself',
        params: ConversationParams,
        response: { 202: nothing('Told'), ...problems },
      },
    },
    async (request, reply) => {
      await messenger.typing(callOf(request), conversationIn(request.params));
      return reply.code(202).send(undefined);
    },
  );
};
