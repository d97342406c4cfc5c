/** Load shedding: what a server with too much to do refuses, before it asks anything of anybody. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { createAdmission } from './admission.ts';

const setUp = (state: { late: boolean; stopping: boolean }) => {
  let authenticated = 0;
  const headers: Record<string, unknown> = {};
  const admission = createAdmission({
    authenticate: () => {
      authenticated += 1;
      return Promise.reject(new Error('it came through'));
    },
    rateLimits: { perUser: 1_000_000, perAddress: 1_000_000 },
    now: () => 0,
    stopping: () => state.stopping,
    late: () => state.late,
  });
  const request = { ip: '127.0.0.1' } as FastifyRequest;
  const reply = {
    header: (name: string, value: unknown) => {
      headers[name] = value;
    },
  } as unknown as FastifyReply;
  return { admission, headers, ask: async () => admission.user(request, reply), count: () => authenticated };
};

test('[SEC-6] an event loop that is late refuses at once, and takes requests again when it is not', async () => {
  const state = { late: true, stopping: false };
  const { ask, count } = setUp(state);
  await expect(ask()).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 2 });
  expect(count()).toBe(0);
  state.late = false;
  await expect(ask()).rejects.toThrow('it came through');
});

test('[SEC-6] requests in flight are bounded: past the bound they are refused, and taken again when some have ended', async () => {
  const { admission, ask, count } = setUp({ late: false, stopping: false });
  for (let i = 0; i < 4_001; i += 1) admission.began();
  await expect(ask()).rejects.toMatchObject({ code: 'overloaded' });
  expect(count()).toBe(0);
  admission.ended();
  await expect(ask()).rejects.toThrow('it came through');
});

test('a server that stops refuses, and tells the connection to close', async () => {
  const { ask, headers } = setUp({ late: false, stopping: true });
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
  expect(headers.connection).toBe('close');
});
