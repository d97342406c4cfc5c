/**
 * Requests out of the OpenAPI document: valid, nearly valid and hostile (SEC-6). Never a 5xx, never a hang, and no request to
 * the table for what validation can refuse.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Documented, documented, operations, type Scene, setScene } from './operations.ts';
import { type Asked, type Rig, startRig } from './rig.ts';

let rig: Rig;
let scene: Scene;
/** The rig's time while it stands still. */
let stopped: number | undefined;

beforeAll(async () => {
  const now = (): number => stopped ?? Date.now();
  rig = await startRig({ now, rateLimits: { perUser: 1_000_000, perAddress: 1_000_000 } });
  scene = await setScene(rig);
});

afterAll(async () => {
  const well = await rig.send(scene.ada, scene.direct, 'still here');
  expect(well.status).toBe(201);
  expect(rig.faults).toEqual([]);
  await rig.close();
});

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Values that a schema allows. */
const valid = (schema: Schema): fc.Arbitrary<unknown> => {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valid));
  const { minimum = 0, maximum = 1_000_000, minLength = 0, maxLength = 40 } = schema;
  switch (schema.type) {
    case 'string':
      if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
      return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) });
    case 'integer':
      return fc.integer({ min: minimum, max: Math.min(maximum, 2 ** 31) });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valid(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 4 });
    case 'object': {
      const fields = Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, one]) => [name, valid(one)]),
      );
      return fc.record(fields, { requiredKeys: [...(schema.required ?? [])] });
    }
    default:
      return fc.jsonValue();
  }
};

const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0.1,
    1e308,
    2 ** 53,
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    "'; DROP TABLE messages;--",
    '#{7*7}',
    '../../../etc/passwd',
    'x'.repeat(5_000),
    '🙂'.repeat(5_000),
    [],
    {},
    [[[[[[]]]]]],
    { $gt: '' },
  ),
  fc.jsonValue({ maxDepth: 4 }),
);

/** A body with one thing wrong: a field of another kind, one left out, one too many, or a prototype's name. */
const nearly = (schema: Schema): fc.Arbitrary<unknown> => {
  const names = Object.keys(schema.properties ?? {});
  return fc
    .tuple(valid(schema), fc.constantFrom(...names, '__proto__', 'constructor', 'extra'), hostile, fc.boolean())
    .map(([body, name, value, leaveOut]) => {
      const entries = Object.entries(body as object).filter(([key]) => key !== name);
      // Object.fromEntries defines its properties, so that __proto__ is one too.
      return Object.fromEntries(leaveOut && names.includes(name) ? entries : [...entries, [name, value]]);
    });
};

const rawBodies = fc.oneof(
  fc.constantFrom(
    '{"message":1e400}',
    `{"seq":1${'0'.repeat(400)}}`,
    '['.repeat(30_000),
    `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
    '{"message":"a","message":{}}',
    '\ufeff{}',
    '{"__proto__":{"message":"a"}}',
    'x'.repeat(65_000),
  ),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json(),
);

const bodyOf = ({ operation }: Documented): Schema | undefined =>
  operation.requestBody?.content?.['application/json']?.schema;

const targets = () =>
  documented(rig).filter(({ operationId }) => !operations[operationId]?.stream && operationId !== 'eraseMe');

/** The address with its parameters filled in by what is given. */
const fill = (path: string, values: readonly string[]): string => {
  let place = 0;
  return path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(values[place++ % values.length] ?? ''));
};

const harmless = (answer: Asked, what: string): void => {
  expect(answer.status, `${what}: ${answer.text}`).toBeLessThan(500);
  expect(answer.text).not.toMatch(/node_modules|\bat \w+ \(|\.ts:\d/);
  if (answer.status >= 400 && !Array.isArray(answer.body)) {
    expect(answer.headers['content-type'], what).toMatch(/problem\+json/);
  }
};

/** Requests of each kind for each operation: some seconds in all. */
const runs = { numRuns: 50 };

describe('[SEC-6] never a failure of ours, whatever is asked', () => {
  test('bodies: valid, nearly valid, and no JSON at all', async () => {
    for (const one of targets()) {
      const schema = bodyOf(one);
      if (schema === undefined) continue;
      const url = operations[one.operationId]?.url(scene.direct, 1) ?? '';
      const token = scene.ada.token;
      const bodies = fc.oneof(
        fc.oneof(valid(schema), nearly(schema), hostile).map((body) => ({ body })),
        rawBodies.map((raw) => ({ raw })),
      );
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          // That the user is served is known from memory, but for the moment after a change of theirs; it does not expire
          // between the two, because no time passes.
          stopped = Date.now();
          await rig.ask('GET', '/v1/blocks', { token });
          const before = rig.requests();
          const answer = await rig.ask(one.method, url, { token, ...body });
          stopped = undefined;
          harmless(answer, `${one.operationId} ${JSON.stringify(body).slice(0, 300)}`);
          // Whether a handle is somebody's is the one thing about a field that only the table knows.
          const lookedUp = String(answer.body?.errors?.[0]?.field).startsWith('handles');
          if ((answer.body?.code === 'invalid_field' && !lookedUp) || [400, 413, 415].includes(answer.status))
            expect(rig.requests() - before, `${one.operationId} ${JSON.stringify(body).slice(0, 300)}`).toBe(0);
        }),
        { numRuns: 100 },
      );
    }
  });

  test('paths and queries of every kind', async () => {
    const words = fc.oneof(
      fc.constantFrom(
        '__proto__',
        'constructor',
        '0',
        '-1',
        '1e400',
        '999999999999999999999',
        ' ',
        '%',
        'ada',
        '..',
        '\0',
        '👍',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc.uuid(),
    );
    const queries = fc.dictionary(
      fc.constantFrom('limit', 'cursor', 'after_seq', 'before_seq', 'at', 'folder', '__proto__', 'x'),
      words,
      { maxKeys: 3 },
    );
    for (const one of targets()) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(words, { minLength: 1, maxLength: 3 }),
          queries,
          fc.boolean(),
          async (values, query, talk) => {
            const path = fill(one.path, talk ? [scene.direct, ...values] : values);
            const search = new URLSearchParams(Object.entries(query)).toString();
            const asked = `${path}${search === '' ? '' : `?${search}`}`;
            const answer = await rig.ask(one.method, asked, {
              token: scene.ada.token,
              ...operations[one.operationId]?.ask?.(),
            });
            harmless(answer, `${one.method} ${asked}`);
          },
        ),
        runs,
      );
    }
  });

  test('headers of every kind', async () => {
    const value = fc.string({ unit: 'grapheme-ascii', maxLength: 200 });
    const name = fc.constantFrom(
      'authorization',
      'content-type',
      'accept',
      'x-request-id',
      'x-forwarded-for',
      'host',
      'cookie',
      'range',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 4 }), async (headers) => {
        harmless(await rig.ask('GET', '/v1/me', { token: scene.ada.token, headers }), JSON.stringify(headers));
        harmless(
          await rig.ask('POST', '/v1/conversations', { token: scene.ada.token, raw: '{}', headers }),
          JSON.stringify(headers),
        );
      }),
      { numRuns: 300 },
    );
  });
});
