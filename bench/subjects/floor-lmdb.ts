/** The floor of the library: bare LMDB, the same bytes, synced to disk before a put answers; no index, no encryption, no rules. */
import { join } from 'node:path';
import { open } from 'lmdb';
import type { StartSubject } from '../harness/subject.ts';
import { installedVersion } from '../harness/versions.ts';
import { pick } from '../harness/world.ts';

export const start: StartSubject = async ({ world, random, folder }) => {
  const database = open<Record<string, unknown>, [string, number]>({
    path: join(folder, 'floor'),
    // A put then answers when its commit is on disk, not before.
    overlappingSync: false,
  });
  const item = (n: number) => ({
    uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
    seq: n,
    user_uuid: '7d3b1f0e-94ab-4ad6-9f6e-9f1c3f0d3f11',
    display_name: 'Person 1',
    handle: 'person_1',
    message: world.text(n),
    created_at: '2026-01-01T00:00:00.000Z',
  });
  const put = (conversation: string, n: number): Promise<boolean> => database.put([conversation, n], item(n));
  const next = new Map<string, number>();
  let written: Promise<boolean> = Promise.resolve(true);
  for (const pair of world.pairs) {
    for (let n = 0; n < world.messagesEach; n += 1) written = put(pair.uuid, n);
    next.set(pair.uuid, world.messagesEach);
  }
  await written;
  const list = (): Promise<void> => {
    const { uuid } = pick(world.pairs, random);
    const range = database.getRange({
      start: [uuid, Number.MAX_SAFE_INTEGER],
      end: [uuid, -1],
      reverse: true,
      limit: 20,
    });
    let count = 0;
    for (const _ of range) count += 1;
    return count === 20 ? Promise.resolve() : Promise.reject(new Error(`a range of ${count}`));
  };
  return {
    versions: { lmdb: installedVersion('lmdb') },
    operations: {
      send: async () => {
        const { uuid } = pick(world.pairs, random);
        const n = next.get(uuid) ?? 0;
        next.set(uuid, n + 1);
        await put(uuid, n);
      },
      page: list,
      inbox: list,
    },
    settle: () => Promise.resolve(),
    processes: [],
    close: () => database.close(),
  };
};
