/** What every route says of itself in the OpenAPI document, in one place. */
import { type TSchema, Type } from 'typebox';
import { errorCodes } from '#domain/errors';
import { problemMediaType } from '#protocol/problem';

const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Enum([...errorCodes], { type: 'string' }),
  errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
});

const problemAnswer = (description: string) => ({
  description,
  content: { [problemMediaType]: { schema: Problem } },
});

/** The answers every route may give besides its own. */
export const problems = {
  '4xx': problemAnswer('Refused: a problem document says why'),
  '5xx': problemAnswer('Failed or busy: a problem document says so; ask again'),
} as const;

/** Names an answer that has no body. */
export const nothing = (description: string) => Type.Unsafe<undefined>(Type.Null({ description }));

/** Gives a schema the sentence under which the document shows it. */
export const answer = <T extends TSchema>(schema: T, description: string): T => ({ ...schema, description });

/** Marks a route that needs no token (SEC-1). */
export const noToken: { [scheme: string]: string[] }[] = [];
