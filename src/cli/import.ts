/** Brings in conversations from a file of JSON Lines; a second run, or one after a crash, writes only what is missing. */
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ParleyError } from '#domain/errors';
import type { ImportedConversation } from '#messenger/import';
import { inParallel } from '#messenger/in-parallel';
import type { Command } from './main.ts';
import { print } from './output.ts';
import { describeTarget, targetOf, withWorkbench } from './target.ts';
import { UsageError } from './usage.ts';

/** Conversations imported at once: they share the table's commits, or its round trips. */
const atOnce = 32;
const barWidth = 30;
const drawEveryMs = 100;
/** Refuses what is not UTF-8, which would otherwise be stored with marks in place of letters; takes a byte order mark away. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

const isText = (value: unknown): value is string => typeof value === 'string';

/** One line of the file, as its bytes, as a conversation; an error says which line and what is wrong with it. */
const parse = (bytes: Buffer, number: number): ImportedConversation => {
  const bad = (what: string) => new UsageError(`line ${number}: ${what}`);
  let line: string;
  try {
    line = utf8.decode(bytes);
  } catch {
    throw bad('is not UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('is not JSON');
  }
  const { id, messages } = (value ?? {}) as { id?: unknown; messages?: unknown };
  if (!isText(id) || id === '') throw bad('has no "id"');
  if (!Array.isArray(messages) || messages.length === 0) throw bad('has no "messages"');
  return {
    id,
    messages: messages.map((message: unknown) => {
      const { from, text } = (message ?? {}) as { from?: unknown; text?: unknown };
      if (!isText(from) || !isText(text)) throw bad('has a message without "from" and "text"');
      return { from, text };
    }),
  };
};

/** Draws how far it is, on one line that is drawn over; nothing where nobody watches. */
const createBar = (total: number) => {
  let drawn = 0;
  return (done: number, messages: number): void => {
    const last = done >= total;
    if (!process.stderr.isTTY || (!last && performance.now() - drawn < drawEveryMs)) return;
    drawn = performance.now();
    const filled = Math.round((barWidth * done) / Math.max(1, total));
    const bar = '█'.repeat(filled).padEnd(barWidth, '░');
    process.stderr.write(
      `\r${bar} ${Math.round((100 * done) / Math.max(1, total))} %  ${messages} messages${last ? '\n' : ''}`,
    );
  };
};

export const command: Command = {
  help: `import FILE.jsonl [prod]

Imports conversations of two or more people, one JSON object a line:
  {"id": "…", "messages": [{"from": "…", "text": "…"}, …]}
It can be broken off and started again; importing the same file twice changes nothing. A name is a person of its own in each
conversation, with a handle that is made up: bin/users list shows both.`,
  run: async (positionals) => {
    const { config, rest } = targetOf(positionals, 1);
    const [file] = rest;
    if (file === undefined) throw new UsageError('name one file to import');
    let total: number;
    let folder: boolean;
    try {
      const stat = statSync(file);
      folder = stat.isDirectory();
      total = stat.size;
    } catch {
      throw new UsageError(`there is no file ${file}`);
    }
    if (folder) throw new UsageError(`${file} is a folder: name one file to import`);
    await withWorkbench(config, async ({ importConversation, uses, settle }) => {
      const begin = performance.now();
      const sum = { conversations: 0, written: 0, found: 0 };
      const draw = createBar(total);
      let done = 0;
      let number = 0;
      let batch: { conversation: ImportedConversation; number: number; bytes: number }[] = [];
      const flush = async (): Promise<void> => {
        const ready = batch;
        batch = [];
        await inParallel(ready, atOnce, async ({ conversation, number, bytes }) => {
          const { written, found } = await importConversation(conversation).catch((error: unknown) => {
            if (!(error instanceof ParleyError) || error.code !== 'invalid_field') throw error;
            throw new UsageError(`line ${number}, "${conversation.id}": ${error.message}`);
          });
          sum.conversations += 1;
          sum.written += written;
          sum.found += found;
          done += bytes;
          draw(done, sum.written + sum.found);
        });
      };
      for await (const line of createInterface({
        // A character for each byte: the letters of a text may be what other lines than those of JSON Lines end with.
        input: createReadStream(file, 'latin1'),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        number += 1;
        if (line.trim() === '') continue;
        const bytes = Buffer.from(line, 'latin1');
        batch.push({ conversation: parse(bytes, number), number, bytes: bytes.length + 1 });
        if (batch.length >= 4 * atOnce) await flush();
      }
      await flush();
      const sent = performance.now();
      await settle();
      const write = uses.reduce((units, use) => units + use.capacity.write, 0);
      const read = uses.reduce((units, use) => units + use.capacity.read, 0);
      print(`${sum.conversations} conversations: ${sum.written} messages written, ${sum.found} there already`);
      print(
        `into ${describeTarget(config)} in ${((sent - begin) / 1_000).toFixed(1)} s, inboxes current after ${((performance.now() - begin) / 1_000).toFixed(1)} s`,
      );
      print(`${uses.length} requests, ${write} write units, ${read} read units`);
    });
  },
};
