/** How requests are validated: nothing is removed, and only what comes as text anyway (paths, queries) is converted. */
import { Ajv } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

const options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: true,
  strictTypes: false,
} as const;

/** Compiles a schema once for each route and part of a request. */
export const createValidatorCompiler = (): FastifySchemaCompiler<TSchema> => {
  const exact = new Ajv({ ...options, coerceTypes: false });
  // `1e400` becomes Infinity, which Ajv's strict numbers would let past every bound.
  const coercing = new Ajv({ ...options, coerceTypes: true, strictNumbers: false });
  return ({ schema, httpPart }) => (httpPart === 'body' ? exact : coercing).compile(schema);
};
