/**
 * A process of its own that writes to an embedded table, for tests of crashes and of several processes on one folder:
 * `table-process.ts put|count <folder> <label> <how many>`. Says `ready`, then one line for every write acknowledged.
 */
import { writeSync } from 'node:fs';
import { openEmbeddedTable } from '#table/embedded/lmdb-table';
import { isConditionFailed } from '#table/errors';
import { mainSchema } from '#table/schema';

const [task, path, label, countText] = process.argv.slice(2);
if (path === undefined || label === undefined) throw new Error('usage: put|count <folder> <label> <how many>');
const count = Number(countText);
const inFlight = 16;

/** Straight to the descriptor: a line is out before anything else happens, whatever kills the process next. */
const say = (line: string): void => {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // The pipe is full: its reader is slow.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};

const table = await openEmbeddedTable({ path, schema: mainSchema, name: 'parley', now: Date.now });
const absent = { attribute: 'pk', is: 'absent' } as const;

const putOne = async (i: number): Promise<void> => {
  const sk = `${label}-${String(i).padStart(8, '0')}`;
  const row = { inbox: 'I', last_message_at: sk, text: 'x'.repeat(200) };
  await table.put({ item: { pk: 'crash', sk, ...row }, condition: absent }).then(
    () => say(sk),
    (error: Error) => say(`refused ${error.message.replaceAll('\n', ' ')}`),
  );
};

/** Adds one to the common counter under the condition that nobody else did meanwhile. */
const countOne = async (): Promise<void> => {
  const key = { pk: 'shared', sk: 'counter' };
  for (;;) {
    const { item } = await table.get({ key, consistent: true });
    const seen = Number(item?.n ?? 0);
    const condition =
      item === undefined
        ? ({ attribute: 'pk', is: 'absent' } as const)
        : ({ attribute: 'n', is: '=', value: seen } as const);
    try {
      await table.update({ key, changes: { set: { n: seen + 1 } }, condition });
      return;
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
    }
  }
};

say('ready');
let next = 0;
await Promise.all(
  Array.from({ length: task === 'put' ? inFlight : 1 }, async () => {
    while (next < count) {
      const i = next;
      next += 1;
      await (task === 'put' ? putOne(i) : countOne());
    }
  }),
);
const { items } = await table.query({ pk: 'crash', limit: 1 });
say(`done ${items.length}`);
await table.close();
