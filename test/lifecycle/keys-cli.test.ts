/** `bin/keys`, as operators call it: a new key in the place of an older one, on this machine and in KMS, with all still readable. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { dataLayout } from '#server/adapters';
import { openWith, person, say } from '../e2e/support/people.ts';
import { startServer, type TestServer } from '../e2e/support/server.ts';
import { type Ran, run } from '../support/bin-scripts.ts';
import { skipServerTests, startDynamoServer } from '../support/dynoxide.ts';
import { startKms } from '../support/kms-standin.ts';

// Every call is a process of its own.
vi.setConfig({ testTimeout: 60_000 });

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

const emptyFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-keys-'));
  toClose.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const done = ({ code, out, err }: Ran): string => {
  expect([code, err]).toEqual([0, '']);
  return out;
};

/** What `keys status` says: data keys by the key they are under. */
const countsIn = (out: string): Record<string, number> =>
  Object.fromEntries(
    [...out.matchAll(/^(kek-\d+|old-key|new-key) +(\d+)/gm)].map(([, key, count]) => [key, Number(count)]),
  );

describe('on the embedded table, beside a server that runs', () => {
  let server: TestServer;
  const keys = (...args: string[]): Promise<Ran> => run('keys', args, { PARLEY_DATA: server.data, USER: 'op' });

  test('[SEC-2] a new key file serves at once, takes over the data keys that there are, and the old one can go', async () => {
    server = await startServer();
    toClose.push(() => server.close());
    const ana = await person(server.url, 'ana', 'Ana');
    const [ben, cem] = [await person(server.url, 'ben', 'Ben'), await person(server.url, 'cem', 'Cem')];
    const before = await openWith(ana, ben);
    await say(ana, before, 'sealed under the first');
    expect(done(await keys('rotate', '--by', 'the operator'))).toContain('kek-000002');
    await say(ana, await openWith(ana, cem), 'sealed under the second');
    expect(countsIn(done(await keys('status')))).toEqual({ 'kek-000001': 1, 'kek-000002': 1 });
    expect(done(await keys('rewrap', '--by', 'the operator'))).toContain(
      '2 data keys: 1 wrapped anew under kek-000002, 0 that',
    );
    expect(countsIn(done(await keys('status')))).toEqual({ 'kek-000002': 2 });
    await server.stop();
    await rm(join(dataLayout(server.data).keyFiles, 'kek-000001.json'));
    await server.start();
    const again = await person(server.url, 'ana', 'Ana');
    const { messages } = await again.api.messages(before.uuid);
    expect(messages.map(({ message }) => message)).toEqual(['sealed under the first']);
    const audit = done(await run('users', ['audit'], { PARLEY_DATA: server.data }));
    expect(audit.match(/the operator +keys (rotate|rewrap) +done/g)).toHaveLength(2);
  });
});

describe.skipIf(skipServerTests)('on a DynamoDB server, with a stand-in for KMS', () => {
  test('[SEC-2] another key of KMS: the older one is named beside it until every data key is wrapped anew', async () => {
    const [dynamo, kms] = await Promise.all([startDynamoServer(), startKms(['old-key', 'new-key'])]);
    toClose.push(
      () => dynamo.stop(),
      () => kms.close(),
    );
    const here = {
      PARLEY_DATA: await emptyFolder(),
      DYNAMODB_ENDPOINT: dynamo.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    const under = (key: string, previous = '') => ({ ...here, KMS_KEY_ID: key, KMS_PREVIOUS_KEY_IDS: previous });
    const page = async (env: Record<string, string>): Promise<string> =>
      done(await run('ddb/patterns/get-conversation', ['--limit', '1'], env));
    for (const script of ['ddb/schema-load', 'ddb/seed']) done(await run(script, [], under('old-key')));
    const shown = (await page(under('old-key'))).trim().split('\n').at(-1);
    expect(await page(under('new-key'))).toContain('wrong_key');
    expect(await page(under('new-key', 'old-key'))).toContain(shown);
    const refused = await run('keys', ['rotate'], under('new-key', 'old-key'));
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('KMS rotates')]);
    expect(done(await run('keys', ['rewrap'], under('new-key', 'old-key')))).toContain('no older key is needed');
    expect(Object.keys(countsIn(done(await run('keys', ['status'], under('new-key')))))).toEqual(['new-key']);
    expect(await page(under('new-key'))).toContain(shown);
  });
});
