/** `GET /v1/events`: what concerns the user, as it happens (LIVE-1). */
import { Type } from 'typebox';
import type { App } from '../app-types.ts';
import { unauthenticated } from '../auth/verify.ts';
import type { LiveStreams } from '../live-streams.ts';
import { problems } from './describe.ts';

/** How a stream of events shows in the OpenAPI document. */
export const eventStream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: Type.String() } },
});

export const eventRoutes = (app: App, live: LiveStreams): void => {
  app.get(
    '/v1/events',
    {
      config: { stream: true },
      schema: {
        tags: ['live'],
        operationId: 'events',
        summary: 'Live events of my conversations, as server-sent events',
        response: { 200: eventStream('hello, then events as they happen, at last bye'), ...problems },
      },
    },
    (request, reply) => {
      const { verified } = request;
      if (verified === null) throw unauthenticated('Send a token: Authorization: Bearer …');
      live.open(verified.user, verified.expires, reply.raw);
      reply.hijack();
    },
  );
};
