/** USER-1: the trigger of the user pool, with the event that Cognito documents for it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provisionSignUp } from '#lambda/sign-up';
import { skipServerTests } from '../support/dynoxide.ts';
import { named, onDynamo, startRig, type Tables } from './rig.ts';

/** As in the Cognito developer guide: the parameters common to triggers, and those of post confirmation. */
const event = (attributes: Record<string, string>) => ({
  version: '1',
  region: 'eu-central-1',
  userPoolId: 'eu-central-1_AbCdEf123',
  userName: '6f2e7d0c-0f5e-4c5b-9d33-0a5b8e2f7c11',
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: '1example23456789' },
  triggerSource: 'PostConfirmation_ConfirmSignUp',
  request: {
    userAttributes: {
      sub: '6f2e7d0c-0f5e-4c5b-9d33-0a5b8e2f7c11',
      'cognito:user_status': 'CONFIRMED',
      email_verified: 'true',
      ...attributes,
    },
  },
  response: {},
});

const sub = '6f2e7d0c-0f5e-4c5b-9d33-0a5b8e2f7c11';

describe('what is made of an event', () => {
  test.each([
    [{ preferred_username: 'Ada_L', email: 'x@example.org', name: 'Ada Lovelace' }, 'ada_l', 'Ada Lovelace'],
    [{ email: 'zoë.müller+work@example.org' }, 'zoe_muller_work', 'zoe_muller_work'],
    [{ preferred_username: '李', email: 'li@example.org', name: '  ' }, 'user_6f2e7d0c', 'user_6f2e7d0c'],
    [{ preferred_username: 'a'.repeat(80), name: 'x'.repeat(500) }, 'a'.repeat(30), 'a'.repeat(30)],
    [{}, 'user_6f2e7d0c', 'user_6f2e7d0c'],
  ])('[USER-1] %j gives the handle %s and the name %s', async (attributes, handle, display_name) => {
    const rig = await startRig();
    try {
      const { provision, findByHandle } = rig.node.messenger;
      for (let times = 0; times < 2; times += 1)
        await provisionSignUp(provision, event(attributes), () => rig.clock.now);
      expect(await findByHandle(named(handle))).toMatchObject({ uuid: sub, handle, display_name });
      expect((await rig.scanMain()).filter((item) => item.type === 'profile')).toHaveLength(1);
      expect((await rig.scanMain()).filter((item) => item.type === 'handle')).toHaveLength(1);
    } finally {
      await rig.close();
    }
  });

  test('[USER-1] a handle that is taken gets a suffix, the same each time', async () => {
    const rig = await startRig();
    try {
      await rig.person('ada');
      const { provision } = rig.node.messenger;
      await provisionSignUp(provision, event({ preferred_username: 'ada' }), () => rig.clock.now);
      await provisionSignUp(
        rig.startNode().messenger.provision,
        event({ preferred_username: 'ada' }),
        () => rig.clock.now,
      );
      const handles = (await rig.scanMain()).flatMap((item) => (item.type === 'handle' ? [String(item.handle)] : []));
      expect(handles.sort()).toEqual(['ada', expect.stringMatching(/^ada_\d{5}$/)]);
    } finally {
      await rig.close();
    }
  });

  test('[USER-1] an event without a subject is refused', async () => {
    const rig = await startRig();
    try {
      const broken = { request: { userAttributes: { sub: 'nobody', email: 'a@example.org' } } };
      await expect(provisionSignUp(rig.node.messenger.provision, broken, () => rig.clock.now)).rejects.toThrow(
        'subject',
      );
      expect(await rig.scanMain()).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});

describe.skipIf(skipServerTests)('the handler on a DynamoDB server', () => {
  let tables: Tables;
  const before = { ...process.env };
  beforeAll(async () => {
    tables = await onDynamo();
    const { endpoint } = tables;
    Object.assign(process.env, {
      DYNAMODB_TABLE: tables.main.name,
      AWS_REGION: 'us-east-1',
      DYNAMODB_ENDPOINT: endpoint,
    });
  });
  afterAll(async () => {
    for (const name of ['DYNAMODB_TABLE', 'AWS_REGION', 'DYNAMODB_ENDPOINT']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    await tables.close();
  });

  test('[USER-1] called twice with one event, it answers with the event, and there is one user', async () => {
    const { handler } = await import('#lambda/post-confirmation');
    const asked = event({ preferred_username: 'ada', name: 'Ada Lovelace' });
    expect(await handler(asked)).toBe(asked);
    expect(await handler(asked)).toBe(asked);
    const { items } = await tables.main.scan({});
    expect(items.map((item) => item.type).sort()).toEqual(['directory', 'handle', 'profile']);
    expect(items.find((item) => item.type === 'profile')).toMatchObject({ uuid: sub, handle: 'ada', status: 'active' });
  });
});
