/** The signed-in user, other users, and blocks. */
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { pageDefault } from '#domain/limits';
import { BlocksPage, BlocksQuery, HandleParams, MePatch, PublicUser, User } from '#protocol/shapes';
import type { App, RouteNeeds } from '../app-types.ts';
import { createExportGate } from '../export-gate.ts';
import { answer, nothing, problems } from './describe.ts';
import { handleField, handleIn } from './ids.ts';

/** An export reads everything a user has: it may take longer than a request, but not for ever. */
const exportDeadlineMs = 10 * 60_000;

const ExportQuery = Type.Object(
  { cursor: Type.Optional(Type.String({ maxLength: 1_024, description: 'Of the last line read: go on after it' })) },
  { additionalProperties: false },
);

export const peopleRoutes = (app: App, { messenger, callOf }: RouteNeeds, now: () => number): void => {
  const beginExport = createExportGate();

  app.get(
    '/v1/me',
    {
      schema: {
        tags: ['people'],
        operationId: 'me',
        summary: 'Who I am',
        response: { 200: answer(User, 'The signed-in user'), ...problems },
      },
    },
    async (request) => messenger.me(callOf(request)),
  );

  app.patch(
    '/v1/me',
    {
      schema: {
        tags: ['people'],
        operationId: 'changeMe',
        summary: "Change one's handle or name",
        body: MePatch,
        response: { 200: answer(User, 'The user as it now stands'), ...problems },
      },
    },
    async (request) => {
      const { handle, display_name } = request.body;
      return messenger.changeMe(callOf(request), {
        ...(handle !== undefined && { handle: handleField(handle, 'handle') }),
        ...(display_name !== undefined && { display_name }),
      });
    },
  );

  app.delete(
    '/v1/me',
    {
      schema: {
        tags: ['people'],
        operationId: 'eraseMe',
        summary: 'Erase me: at once for others, in the background for what is stored',
        response: { 202: nothing('Begun; no request of this user is served from now on'), ...problems },
      },
    },
    async (request, reply) => {
      await messenger.eraseMe(callOf(request));
      return reply.code(202).send(undefined);
    },
  );

  app.get(
    '/v1/me/export',
    {
      schema: {
        tags: ['people'],
        operationId: 'exportMe',
        summary: 'All that I have, one JSON object a line',
        querystring: ExportQuery,
        response: {
          200: {
            description: 'JSON Lines, streamed',
            content: { 'application/x-ndjson': { schema: Type.String() } },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const call = { ...callOf(request), deadline: now() + exportDeadlineMs };
      const ended = beginExport(call.user);
      const lines = messenger.exportMe(call, request.query.cursor)[Symbol.asyncIterator]();
      // The first line is fetched before the head is sent: what fails at once is answered as a problem, not a broken stream.
      const first = await lines.next().catch((error: unknown) => {
        ended();
        throw error;
      });
      const rest = async function* (): AsyncGenerator<string> {
        for (let line = first; line.done !== true; line = await lines.next()) yield asLine(line.value);
      };
      const stream = Readable.from(rest());
      // However it ends, also where its reader went away before anything of it was read.
      stream.once('close', ended);
      return reply.type('application/x-ndjson').send(stream as never);
    },
  );

  app.get(
    '/v1/users/:handle',
    {
      schema: {
        tags: ['people'],
        operationId: 'userByHandle',
        summary: 'Somebody, by handle',
        params: HandleParams,
        response: { 200: answer(PublicUser, 'The user'), ...problems },
      },
    },
    async (request) => messenger.userByHandle(callOf(request), handleIn(request.params)),
  );

  app.get(
    '/v1/blocks',
    {
      schema: {
        tags: ['blocks'],
        operationId: 'listBlocks',
        summary: 'Whom I do not take direct messages from',
        querystring: BlocksQuery,
        response: { 200: answer(BlocksPage, 'A page; another exists while there is a cursor'), ...problems },
      },
    },
    async (request) => {
      const { limit = pageDefault, cursor } = request.query;
      const page = await messenger.blocks(callOf(request), cursor === undefined ? { limit } : { limit, cursor });
      return { ...page, blocks: [...page.blocks] };
    },
  );

  for (const method of ['PUT', 'DELETE'] as const) {
    app.route({
      method,
      url: '/v1/blocks/:handle',
      schema: {
        tags: ['blocks'],
        operationId: method === 'PUT' ? 'block' : 'unblock',
        summary: method === 'PUT' ? 'Take no direct messages from somebody' : 'Take them again',
        params: HandleParams,
        response: { 204: nothing('Done'), ...problems },
      },
      handler: async (request, reply) => {
        const handle = handleIn(request.params);
        if (method === 'PUT') await messenger.block(callOf(request), handle);
        else await messenger.unblock(callOf(request), handle);
        return reply.code(204).send(undefined);
      },
    });
  }
};

const asLine = (line: string): string => (line.endsWith('\n') ? line : `${line}\n`);
