/** How requests are validated: nothing is removed, and only what comes as text anyway (paths, queries) is converted. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

const options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: true,
  strictTypes: false,
} as const;

type Validate = ReturnType<FastifySchemaCompiler<TSchema>>;

/** Compiled by the first request that it validates: compiling all of them would be a seventh of the time that a start takes. */
const onceAsked = (compile: () => ValidateFunction): Validate => {
  let compiled: ValidateFunction | undefined;
  const validate: Validate = (data: unknown) => {
    compiled ??= compile();
    const fits = compiled(data);
    validate.errors = compiled.errors ?? null;
    return fits;
  };
  return validate;
};

/** Compiles a schema once for each route and part of a request. */
export const createValidatorCompiler = (): FastifySchemaCompiler<TSchema> => {
  const exact = new Ajv({ ...options, coerceTypes: false });
  // `1e400` becomes Infinity, which Ajv's strict numbers would let past every bound.
  const coercing = new Ajv({ ...options, coerceTypes: true, strictNumbers: false });
  return ({ schema, httpPart }) => onceAsked(() => (httpPart === 'body' ? exact : coercing).compile(schema));
};
