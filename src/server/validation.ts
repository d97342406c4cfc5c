/** How requests are validated: nothing is removed, and of what comes as text anyway (paths, queries) only numbers are converted. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

const options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: true,
  strictTypes: false,
  coerceTypes: false,
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

/** A whole number as it is written in one way only: no sign that says nothing, no leading zero, no exponent, no space. */
const canonicalInteger = /^(0|-?[1-9][0-9]{0,15})$/;

/** The fields of a path or a query that are whole numbers. */
const integersOf = (schema: TSchema): readonly string[] => {
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> };
  return Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
};

/** Converts the numbers among what came as text; what is none stays text, which no schema of a number lets through. */
const readIntegers = (fields: readonly string[], data: Record<string, unknown>): void => {
  for (const name of fields) {
    const text = data[name];
    if (typeof text === 'string' && canonicalInteger.test(text)) data[name] = Number(text);
  }
};

/** Compiles a schema once for each route and part of a request. */
export const createValidatorCompiler = (): FastifySchemaCompiler<TSchema> => {
  const ajv = new Ajv(options);
  return ({ schema, httpPart }) => {
    const validate = onceAsked(() => ajv.compile(schema));
    if (httpPart === 'body') return validate;
    const integers = integersOf(schema);
    const validateText: Validate = (data: unknown) => {
      readIntegers(integers, data as Record<string, unknown>);
      const fits = validate(data);
      validateText.errors = validate.errors ?? null;
      return fits;
    };
    return validateText;
  };
};
