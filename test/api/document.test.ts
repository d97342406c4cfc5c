/** The OpenAPI document tells the truth: every route in it exists, answers as it says, and is in the SDK. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes as sdkRoutes } from '#client/http';
import { documented, operations, type Scene, setScene } from './operations.ts';
import { type Rig, startRig } from './rig.ts';

let rig: Rig;
let scene: Scene;

beforeAll(async () => {
  rig = await startRig();
  scene = await setScene(rig);
});

afterAll(() => rig.close());

const ajv = new Ajv2020({ strict: false });

test('the document is OpenAPI 3.1, and every operation has a name, a summary, a tag and its answers', async () => {
  const { status, body } = await rig.ask('GET', '/openapi.json');
  expect([status, body.openapi]).toEqual([200, '3.1.0']);
  const names = documented(rig).map((one) => one.operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const { operation } of documented(rig)) {
    expect(operation.summary).toMatch(/\w/);
    expect(operation.tags).toHaveLength(1);
    expect(Object.keys(operation.responses)).toContain('4XX');
  }
});

test('[SEC-1] the operations without a token are these and no others', () => {
  const open = documented(rig).filter((one) => one.isPublic);
  expect(open.map((one) => one.operationId).sort()).toEqual(['config', 'healthz', 'metrics', 'readyz', 'signIn']);
});

test('[NET-1] no request has a field for an address: there is nothing the service could be made to fetch', () => {
  const asked = documented(rig).map(({ operationId, operation }) => {
    const { parameters, requestBody } = operation as { readonly parameters?: unknown; readonly requestBody?: unknown };
    return { operationId, asked: JSON.stringify([parameters, requestBody]) };
  });
  expect(asked.filter((one) => /"(name|message)"/.test(one.asked)).length).toBeGreaterThan(5);
  const address = /"format":"(uri|iri|url|hostname)|"[a-z_]*(url|uri|href|link|webhook|callback|host)[a-z_]*":/i;
  expect(asked.filter((one) => address.test(one.asked))).toEqual([]);
});

test('every operation has its line in the tables of these tests', () => {
  expect(
    documented(rig)
      .map((one) => one.operationId)
      .sort(),
  ).toEqual(Object.keys(operations).sort());
});

test('every route of the contract is in the SDK, and the SDK has no other', () => {
  const inSdk = new Set(sdkRoutes.map(({ method, path }) => `${method} ${path}`));
  // The course's routes are for the course's client; the rest is asked before there is an SDK, or without.
  const apart = /^(\/api\/|\/metrics$|\/v1\/config$)/;
  const here = documented(rig).filter(({ path }) => !apart.test(path));
  expect([...inSdk].sort()).toEqual(here.map(({ method, path }) => `${method} ${path}`).sort());
});

describe('answers are as documented', () => {
  test('each operation, asked as it should be, answers one of its documented statuses with a body of its schema', async () => {
    // Last come those that end something: a message, the user.
    const last = ['deleteMessage', 'eraseMe'];
    const order = documented(rig).sort((a, b) => last.indexOf(a.operationId) - last.indexOf(b.operationId));
    for (const { operationId, method, operation } of order) {
      const line = operations[operationId];
      if (line === undefined || line.stream) continue;
      const conversation = line.about === 'group' ? scene.group : scene.direct;
      const answer = await rig.ask(method, line.url(conversation, 1), { token: scene.ada.token, ...line.ask?.() });
      const answered = operation.responses[String(answer.status)];
      expect(answered, `${operationId} answered ${answer.status} ${answer.text}`).toBeDefined();
      const schema = answered.content?.['application/json']?.schema;
      if (schema === undefined) continue;
      const valid = ajv.compile(schema);
      expect(valid(answer.body), `${operationId}: ${JSON.stringify(valid.errors)}`).toBe(true);
    }
  });

  test('a refusal has the documented problem document', async () => {
    const { operation } = documented(rig).find((one) => one.operationId === 'getConversation') ?? { operation: {} };
    const answer = await rig.ask('GET', '/v1/conversations/nope', { token: scene.bob.token });
    const valid = ajv.compile(operation.responses['4XX'].content['application/problem+json'].schema);
    expect(valid(answer.body)).toBe(true);
  });
});

test('every body and every answer in JSON shows an example, and the example is valid', () => {
  interface Media {
    readonly schema: object;
    readonly example?: unknown;
    readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  }
  for (const { operationId, operation } of documented(rig)) {
    const answers = Object.values<{ content?: Record<string, Media> }>(operation.responses);
    for (const { content } of [operation.requestBody ?? {}, ...answers]) {
      const media: Media | undefined = content?.['application/json'];
      if (media === undefined) continue;
      const shown = [media.example, ...Object.values(media.examples ?? {}).map((one) => one.value)].filter(Boolean);
      expect(shown, operationId).not.toHaveLength(0);
      for (const one of shown)
        expect(ajv.validate(media.schema, one), `${operationId}: ${ajv.errorsText()}`).toBe(true);
    }
  }
});

test('/docs is served from here, and loads nothing from elsewhere', async () => {
  const page = await rig.ask('GET', '/docs/');
  expect(page.status).toBe(200);
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
  for (const [, path] of page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g))
    expect((await rig.ask('GET', `/docs/${path}`)).status).toBe(200);
});
