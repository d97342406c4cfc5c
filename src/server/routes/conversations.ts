/** Conversations and who is in them; the inbox (pattern B). */
import type { FastifyReply } from 'fastify';
import { pageDefault } from '#domain/limits';
import {
  Conversation,
  ConversationParams,
  ConversationPatch,
  ConversationsPage,
  ConversationsQuery,
  NewConversation,
  ParticipantParams,
  Row,
} from '#protocol/shapes';
import type { App, RouteNeeds } from '../app-types.ts';
import { answer, problems } from './describe.ts';
import { conversationIn, handleField, handleIn } from './ids.ts';
import { sendPage } from './page-json.ts';

const tags = ['conversations'];

export const conversationRoutes = (app: App, { messenger, callOf }: RouteNeeds): void => {
  app.post(
    '/v1/conversations',
    {
      schema: {
        tags,
        operationId: 'openConversation',
        summary: 'Start a conversation; with one handle and no title, the direct one of the two',
        body: NewConversation,
        response: {
          200: answer(Conversation, 'The direct conversation that exists'),
          201: answer(Conversation, 'Made'),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { title } = request.body;
      const handles = request.body.handles.map((text, place) => handleField(text, `handles.${place}`));
      const wish = title === undefined ? { handles } : { handles, title };
      const { conversation, created } = await messenger.open(callOf(request), wish);
      return reply.code(created ? 201 : 200).send(conversation);
    },
  );

  app.get(
    '/v1/conversations',
    {
      schema: {
        tags,
        operationId: 'listConversations',
        summary: 'My conversations, the newest message first',
        querystring: ConversationsQuery,
        response: { 200: answer(ConversationsPage, 'A page; another exists while there is a cursor'), ...problems },
      },
    },
    async (request, reply) => {
      const { folder = 'inbox', limit = pageDefault, cursor: from } = request.query;
      const asked = from === undefined ? { folder, limit } : { folder, limit, cursor: from };
      const { conversations, cursor } = await messenger.inbox(callOf(request), asked);
      return sendPage(reply as Pick<FastifyReply, 'type' | 'send'>, 'conversations', conversations, cursor);
    },
  );

  app.get(
    '/v1/conversations/:uuid',
    {
      schema: {
        tags,
        operationId: 'getConversation',
        summary: 'A conversation and its participants',
        params: ConversationParams,
        response: { 200: answer(Conversation, 'The conversation'), ...problems },
      },
    },
    async (request) => messenger.conversation(callOf(request), conversationIn(request.params)),
  );

  app.patch(
    '/v1/conversations/:uuid',
    {
      schema: {
        tags,
        operationId: 'changeConversation',
        summary: "Rename a group; mute or archive one's own view",
        params: ConversationParams,
        body: ConversationPatch,
        response: { 200: answer(Row, "One's row as it now stands"), ...problems },
      },
    },
    async (request) => messenger.changeConversation(callOf(request), conversationIn(request.params), request.body),
  );

  for (const method of ['PUT', 'DELETE'] as const) {
    app.route({
      method,
      url: '/v1/conversations/:uuid/participants/:handle',
      schema: {
        tags,
        operationId: method === 'PUT' ? 'addParticipant' : 'removeParticipant',
        summary: method === 'PUT' ? 'Add somebody to a group' : 'Remove somebody from a group, or leave it',
        params: ParticipantParams,
        response: { 200: answer(Conversation, 'The group as it now stands'), ...problems },
      },
      handler: async (request) => {
        const conversation = conversationIn(request.params);
        const handle = handleIn(request.params);
        return method === 'PUT'
          ? messenger.addParticipant(callOf(request), conversation, handle)
          : messenger.removeParticipant(callOf(request), conversation, handle);
      },
    });
  }
};
