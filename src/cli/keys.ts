/** `bin/keys`: the keys that data keys are wrapped with: which are in use, a new one, and every data key wrapped anew under it. */
import { countKeks, type Rewrapped, rewrapKeys } from '#crypto/key-lifecycle';
import { localWrapper } from '#server/adapters';
import type { QueryPosition } from '#table/port';
import { actor } from './actor.ts';
import { audited } from './cut-off.ts';
import type { Command } from './main.ts';
import { print, table } from './output.ts';
import { describeTarget, noMoreThan, requireData, targetOf, type Workbench, withWorkbench } from './target.ts';
import { UsageError } from './usage.ts';

/** A batch of a hundred data keys has this long. */
const batchMs = 60_000;
/** Whole walks before the rest is left to another call: nodes that still make keys under the older one would keep it going. */
const walksMax = 10;

const deadline = (): number => Date.now() + batchMs;

/** How many data keys are under which key-encryption key. */
const status = async ({ tables, wrapper }: Workbench): Promise<void> => {
  const newest = await wrapper.newestKek();
  const sums = new Map<string, number>([[newest, 0]]);
  let start: QueryPosition | undefined;
  do {
    const batch = await countKeks(tables.keys, { ...(start && { start }), deadline: deadline() });
    for (const [kek, count] of batch.counts) sums.set(kek, (sums.get(kek) ?? 0) + count);
    start = batch.next;
  } while (start !== undefined);
  const rows = [...sums].sort().map(([key, data_keys]) => ({ key, data_keys, new_ones: key === newest ? 'yes' : '' }));
  print(table(rows, ['key', 'data_keys', 'new_ones']));
};

const walk = async ({ tables, wrapper }: Workbench): Promise<Omit<Rewrapped, 'next'>> => {
  const sum = { seen: 0, rewrapped: 0, unreadable: 0 };
  let start: QueryPosition | undefined;
  do {
    const batch = await rewrapKeys(tables.keys, wrapper, { ...(start && { start }), deadline: deadline() });
    sum.seen += batch.seen;
    sum.rewrapped += batch.rewrapped;
    sum.unreadable += batch.unreadable;
    start = batch.next;
  } while (start !== undefined);
  return sum;
};

/** Walks until a whole walk finds nothing to wrap anew. */
const rewrap = async (bench: Workbench): Promise<void> => {
  const newest = await bench.wrapper.newestKek();
  let rewrapped = 0;
  for (let walks = 1; ; walks += 1) {
    const sum = await walk(bench);
    rewrapped += sum.rewrapped;
    if (sum.rewrapped > 0 && walks < walksMax) continue;
    print(
      `${sum.seen} data keys: ${rewrapped} wrapped anew under ${newest}, ${sum.unreadable} that nothing here opens`,
    );
    if (sum.rewrapped > 0)
      print('More come under an older key meanwhile: restart the nodes that make them, and call this again.');
    else if (sum.unreadable === 0) print(`All are under ${newest}: no older key is needed by this table any more.`);
    return;
  }
};

const acts: Readonly<Record<string, (bench: Workbench) => Promise<void>>> = {
  rotate: async ({ config }) => {
    const { rotate } = await localWrapper(config);
    print(
      `${await rotate()} wraps the data keys that are made from now on; \`keys rewrap\` wraps those that there are.`,
    );
  },
  rewrap,
};

export const command: Command = {
  help: `keys COMMAND [prod] [options]

  status   how many data keys are under which key
  rotate   makes a new key file, under which data keys are wrapped from now on; running servers follow by themselves
  rewrap   wraps every data key anew under the newest key, until a whole walk finds none that is not; may be broken off and
           called again. Only then may an older key be removed, and not before backups that hold its data keys are of no use

A key of KMS is rotated by KMS (rotate is for key files). To move to another key of KMS, first have every node read both: name
the new one in KMS_PREVIOUS_KEY_IDS and restart them; then name the new one in KMS_KEY_ID and the old one there, restart them,
and rewrap. No text is sealed anew.
--by says who acts, where the name of the machine's user does not; rotate and rewrap are noted in the audit (bin/users audit).`,
  options: { by: { type: 'string' } },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, Number.POSITIVE_INFINITY);
    const [name = '', ...words] = rest;
    const act = Object.hasOwn(acts, name) ? acts[name] : undefined;
    if (act === undefined && name !== 'status')
      throw new UsageError(name === '' ? 'say what to do' : `no such command: keys ${name}`);
    noMoreThan(0, words);
    if (name === 'rotate' && config.kmsKeyId !== undefined)
      throw new UsageError('keys rotate makes a key file, but KMS_KEY_ID names a key of KMS, which KMS rotates');
    requireData(config);
    await withWorkbench(config, async (bench) => {
      if (act === undefined) await status(bench);
      else await audited(bench.lifecycle.audit, { by: actor(values.by), act: `keys ${name}` }, () => act(bench));
      print(`in ${describeTarget(config)}`);
    });
  },
};
