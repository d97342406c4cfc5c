import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalWrapper } from './local-wrapper.ts';

const context = { author: 'a', conversation: 'c', table: 't' };
const deadline = Number.MAX_SAFE_INTEGER;

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'parley-kek-')), 'keys');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const wrapperHere = (nodeEnv?: string): ReturnType<typeof createLocalWrapper> =>
  createLocalWrapper({ folder, nodeEnv });

describe('the local key file', () => {
  test('[SEC-2] is made on the first start, of mode 0600 in a folder of mode 0700, and used again on the next', async () => {
    const first = await wrapperHere();
    const made = await first.generate(context, deadline);
    expect(await readdir(folder)).toEqual(['kek-000001.json']);
    expect((await stat(join(folder, 'kek-000001.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const next = await wrapperHere();
    expect(await next.unwrap(context, made, deadline)).toEqual(made.plain);
  });

  test('[SEC-2] processes that start at once end with the same key', async () => {
    const wrappers = await Promise.all(Array.from({ length: 8 }, () => wrapperHere()));
    expect(await readdir(folder)).toEqual(['kek-000001.json']);
    for (const wrapper of wrappers) {
      const made = await wrapper.generate(context, deadline);
      expect(await wrappers[0]?.unwrap(context, made, deadline)).toEqual(made.plain);
    }
  });

  test.each([0o640, 0o604, 0o660, 0o622])('[SEC-2] that others may touch (mode %o) is refused', async (mode) => {
    await wrapperHere();
    await chmod(join(folder, 'kek-000001.json'), mode);
    await expect(wrapperHere()).rejects.toThrow('0600');
  });

  test('[SEC-2] is refused in production, and nothing is written', async () => {
    await expect(wrapperHere('production')).rejects.toThrow('KMS_KEY_ID');
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  test('[SEC-2] that is a link, or holds no key, is refused', async () => {
    await wrapperHere();
    const path = join(folder, 'kek-000002.json');
    await symlink(join(folder, 'kek-000001.json'), path);
    await expect(wrapperHere()).rejects.toThrow('ELOOP');
    await rm(path);
    await writeFile(path, JSON.stringify({ version: 1, key: 'short' }), { mode: 0o600 });
    await expect(wrapperHere()).rejects.toThrow('does not hold a key');
  });
});

describe('wrapping', () => {
  test('[SEC-2] a data key unwraps only in its context, unchanged', async () => {
    const wrapper = await wrapperHere();
    const made = await wrapper.generate(context, deadline);
    expect(made.plain).toHaveLength(32);
    expect(Buffer.from(made.wrapped).includes(made.plain)).toBe(false);
    for (const other of [
      { ...context, author: 'b' },
      { ...context, conversation: 'd' },
      { ...context, table: 'u' },
    ])
      expect(await wrapper.unwrap(other, made, deadline)).toBe('wrong_key');
    for (let at = 0; at < made.wrapped.length; at += 1) {
      const wrapped = Uint8Array.from(made.wrapped, (octet, n) => (n === at ? octet ^ 1 : octet));
      expect(await wrapper.unwrap(context, { ...made, wrapped }, deadline)).toBe('wrong_key');
      expect(await wrapper.unwrap(context, { ...made, wrapped: wrapped.slice(0, at) }, deadline)).toBe('wrong_key');
    }
  });

  test('[SEC-2] a rotated key wraps what is new; what is older unwraps, here and in a process started before', async () => {
    const [here, there] = [await wrapperHere(), await wrapperHere()];
    const old = await here.generate(context, deadline);
    expect(await here.rotate()).toBe('kek-000002');
    const fresh = await here.generate(context, deadline);
    expect([old.kek, fresh.kek]).toEqual(['kek-000001', 'kek-000002']);
    for (const wrapper of [here, there]) {
      expect(await wrapper.unwrap(context, old, deadline)).toEqual(old.plain);
      expect(await wrapper.unwrap(context, fresh, deadline)).toEqual(fresh.plain);
    }
    expect((await there.generate(context, deadline)).kek).toBe('kek-000002');
    expect(await there.rotate()).toBe('kek-000003');
  });

  test('[SEC-2] without its key file a data key is gone; wrapped anew before, it is not', async () => {
    const wrapper = await wrapperHere();
    const old = await wrapper.generate(context, deadline);
    await wrapper.rotate();
    const anew = await wrapper.rewrap(context, old, deadline);
    if (typeof anew === 'string') throw new TypeError(anew);
    await rm(join(folder, 'kek-000001.json'));
    const next = await wrapperHere();
    expect(await next.unwrap(context, old, deadline)).toBe('key_gone');
    expect(await next.unwrap(context, anew, deadline)).toEqual(old.plain);
    expect(await next.rewrap(context, old, deadline)).toBe('key_gone');
    expect(await readFile(join(folder, 'kek-000002.json'), 'utf8')).toContain('"version":1');
  });
});
