/** Live events over real sockets: who is told what, how a stream ends, and what one slow reader costs the others (LIVE-1). */
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { streamsPerUserMax } from '#server/stream-bounds';
import { type Asked, type Person, type Rig, startRig } from './rig.ts';
import { readEvents } from './sockets.ts';

let rig: Rig;
let port: number;
let ada: Person;
let bob: Person;
let eve: Person;
let ahead = 0;

beforeAll(async () => {
  rig = await startRig({ now: () => Date.now() + ahead });
  port = await rig.listen();
  ada = await rig.signIn('ada');
  bob = await rig.signIn('bob');
  eve = await rig.signIn('eve');
});

afterAll(() => rig.close());

const events = (person: Person) => readEvents(port, '/v1/events', person.token);

describe('[LIVE-1] streams of events', () => {
  test('a stream begins with hello, and is neither kept nor buffered on its way', async () => {
    const stream = await events(ada);
    expect(stream.status).toBe(200);
    const hello = await stream.next('hello');
    expect(Date.parse(hello.data.server_time)).toBeGreaterThan(0);
    stream.close();
    await stream.ended;
  });

  test('a message is told to every participant on each of their streams, and to nobody else', async () => {
    const talk = await rig.open(ada, ['bob']);
    const streams = [await events(ada), await events(bob), await events(bob)];
    const outside = await events(eve);
    for (const stream of [...streams, outside]) await stream.next('hello');
    const { body: sent } = await rig.send(ada, talk, 'live!');
    for (const stream of streams) expect((await stream.next('message.created')).data).toEqual(sent);
    await rig.ask('PATCH', `/v1/conversations/${talk}/messages/${sent.seq}`, {
      token: ada.token,
      body: { message: 'lively' },
    });
    for (const stream of streams) expect((await stream.next('message.updated')).data.message).toBe('lively');
    const row = await streams[1]?.next('conversation.updated', (event) => event.data.uuid === talk);
    expect(row?.data).toMatchObject({ other_user_handle: 'ada' });
    await rig.ask('PUT', `/v1/conversations/${talk}/read`, { token: bob.token, body: { seq: sent.seq } });
    expect((await streams[0]?.next('read.updated'))?.data).toEqual({
      message_group_uuid: talk,
      user_uuid: bob.uuid,
      seq: sent.seq,
    });
    await rig.ask('POST', `/v1/conversations/${talk}/typing`, { token: bob.token });
    expect((await streams[0]?.next('typing'))?.data).toEqual({ message_group_uuid: talk, user_uuid: bob.uuid });
    expect(outside.events.map((event) => event.name)).toEqual(['hello']);
    for (const stream of [...streams, outside]) stream.close();
  });

  test('[SEC-1] a stream ends when its token does', async () => {
    const stream = await events(eve);
    await stream.next('hello');
    ahead = 13 * 3_600_000;
    try {
      expect((await stream.next('bye')).data.reason).toBe('signed_out');
      await stream.ended;
    } finally {
      ahead = 0;
    }
  });

  test('[USER-5] the streams of somebody who has themselves erased end', async () => {
    const una = await rig.signIn('una');
    const stream = await events(una);
    await stream.next('hello');
    await rig.ask('DELETE', '/v1/me', { token: una.token });
    expect((await stream.next('bye')).data.reason).toBe('signed_out');
    await stream.ended;
  });

  test.each(['/v1/events', '/v1/lens'])('[SEC-6] a user has a bounded number of streams of %s', async (path) => {
    const [fay, gus] = [await rig.signIn('fay'), await rig.signIn('gus')];
    const streams = [];
    for (let n = 0; n < streamsPerUserMax; n += 1) streams.push(await readEvents(port, path, fay.token));
    const more = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${fay.token}` },
    });
    expect(more.status).toBe(429);
    expect(await more.json()).toMatchObject({ code: 'rate_limited' });
    const another = await readEvents(port, path, gus.token);
    expect(another.status).toBe(200);
    for (const stream of [...streams, another]) stream.close();
    await Promise.all(streams.map((stream) => stream.ended));
    await setTimeout(50);
    const again = await readEvents(port, path, fay.token);
    expect(again.status).toBe(200);
    again.close();
  });

  test('a reader that does not read is cut off, told so, and nobody waits for it', async () => {
    const [gil, hal] = [await rig.signIn('gil'), await rig.signIn('hal')];
    const talk = await rig.open(gil, ['hal']);
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${hal.token}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const reading = await events(hal);
    await reading.next('hello');
    // 16 KB each: a few hundred fill what the kernel holds for a connection.
    const text = '🙂'.repeat(4_096);
    let sent = 0;
    // Until the kernel's buffers are full and the server's own bound is reached.
    const slow = async () => Number(/slow_readers_total (\d+)/.exec((await rig.ask('GET', '/metrics')).text)?.[1] ?? 0);
    while ((await slow()) === 0 && sent < 5_000) {
      await Promise.all(Array.from({ length: 5 }, () => rig.send(gil, talk, text)));
      sent += 5;
    }
    expect(await slow()).toBe(1);
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1').slice(-200);
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(seen).toMatch(/event: bye\s+data: \{"reason":"slow_reader","retry_ms":\d+\}/);
    const last = await reading.next('message.created', (event) => event.data.seq === sent);
    expect(last.data.seq).toBe(sent);
    reading.close();
  });
});

describe('the Lens', () => {
  test('[TABLE-2] shows each request to the table by its pattern', async () => {
    const lens = await readEvents(port, '/v1/lens', ada.token);
    await lens.next('hello');
    const talk = await rig.open(ada, ['eve']);
    await rig.send(ada, talk, 'looked at');
    const { data } = await lens.next('request', (event) => event.data.pattern === 'appendEntry');
    expect(data).toMatchObject({ letter: 'C', operation: 'PutItem', items: 1, write_units: 1, cached: false });
    expect(data.key_condition).toContain(`MSG#${talk}`);
    lens.close();
  });

  test('[SEC-2] shows stored items, and no text among them', async () => {
    const talk = await rig.open(ada, ['eve']);
    await rig.send(ada, talk, 'a secret between us');
    const answer = await rig.ask('GET', `/v1/lens/items?conversation=${talk}`, { token: ada.token });
    expect(answer.status).toBe(200);
    expect(answer.body.items.length).toBeGreaterThan(1);
    expect(answer.body.items[0]).toMatchObject({ pk: `MSG#${talk}`, type: 'message' });
    expect(answer.text).not.toContain('secret between');
  });

  test('[CONV-2] shows whoever was removed no item that tells how the group goes on', async () => {
    const group = await rig.open(ada, ['bob', 'eve'], 'Garden');
    await rig.ask('DELETE', `/v1/conversations/${group}/participants/eve`, { token: ada.token });
    await rig.ask('PATCH', `/v1/conversations/${group}`, { token: ada.token, body: { title: 'Without her' } });
    const items = async (person: Person): Promise<Asked> =>
      rig.ask('GET', `/v1/lens/items?conversation=${group}`, { token: person.token });
    await expect.poll(async () => (await items(ada)).text).toContain('"last_seq":3');
    const seen = await items(eve);
    expect(seen.text).not.toContain('Without her');
    expect(seen.body.items.map((item: { sk: string; user_uuid: string }) => [item.sk, item.user_uuid])).toEqual([
      ['000000000002', ada.uuid],
      ['000000000001', ada.uuid],
      [`GRP#${group}`, eve.uuid],
    ]);
  });
});
