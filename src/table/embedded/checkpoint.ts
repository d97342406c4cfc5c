/** Carries a journal over to LMDB: in bulk, each key once, whatever number of times it was written. Repeatable at any point. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { decodeNumber, encodeNumber } from './codec.ts';
import { type JournalContent, readJournal } from './journal.ts';
import type { Kv, KvKey, KvReader, StoreName } from './kv.ts';
import type { Held } from './layer.ts';

/** The newest generation that stands in LMDB whole. A journal of it, or of one before it, is never applied again. */
const APPLIED_KEY = 'journal_applied';
/** Keys in one commit of LMDB: some milliseconds of the disk, so that the journal's writes need not wait long behind it. */
const KEYS_PER_COMMIT = 500;

/** Generations take turns in two files: one is carried over while the other is written. */
export const journalFile = (folder: string, generation: number): string => join(folder, `journal.${generation % 2}`);

export const appliedGeneration = (reader: KvReader): number => decodeNumber(reader.get('meta', APPLIED_KEY)) ?? 0;

const inOrder = (content: JournalContent): (readonly [StoreName, KvKey, Held])[] =>
  [...content].flatMap(([store, values]) =>
    [...values.keys()].sort().map((name) => [store, name, values.get(name) ?? null] as const),
  );

/** Applies what a journal holds of a generation, unless that was done before. */
export const applyJournal = async (kv: Kv, folder: string, generation: number): Promise<void> => {
  const journal = readJournal(journalFile(folder, generation));
  const writes = journal?.generation === generation ? inOrder(journal.content) : [];
  for (let from = 0; ; from += KEYS_PER_COMMIT) {
    const last = from + KEYS_PER_COMMIT >= writes.length;
    await kv.transact((writer) => {
      for (const [store, name, value] of writes.slice(from, from + KEYS_PER_COMMIT)) {
        if (value === null) writer.delete(store, name);
        else writer.put(store, name, value);
      }
      if (last) writer.put('meta', APPLIED_KEY, encodeNumber(generation));
    });
    if (last) return;
    await setImmediate();
  }
};

/** Applies what a crash left in the journals, oldest first. Resolves to the newest generation ever begun here. */
export const recoverJournals = async (kv: Kv, folder: string): Promise<number> => {
  const applied = kv.read(appliedGeneration);
  const left = [0, 1]
    .map((turn) => journalFile(folder, turn))
    .flatMap((file) => (existsSync(file) ? [readJournal(file)?.generation ?? 0] : []))
    .filter((generation) => generation > applied)
    .sort((a, b) => a - b);
  for (const generation of left) await applyJournal(kv, folder, generation);
  return Math.max(applied, ...left);
};
