/** What the routes are written against: the framework's instance with schemas as types, and the things every route needs. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Call, Messenger } from '#messenger/messenger';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface RouteNeeds {
  readonly messenger: Messenger;
  /** The authenticated user's call, with the request's deadline. */
  readonly callOf: (request: FastifyRequest) => Call;
}
