/** What each word after `bin/users` does. */
import { setTimeout } from 'node:timers/promises';
import { ParleyError } from '#domain/errors';
import { type UserUuid, userUuid } from '#domain/ids';
import { fingerprint } from '#messenger/lifecycle/audit';
import type { ProfileItem } from '#store/items';
import { confirmed } from '../confirm.ts';
import { print, printLine, table } from '../output.ts';
import type { Workbench } from '../target.ts';
import { UsageError } from '../usage.ts';

export interface Context {
  readonly bench: Workbench;
  /** A handle, a uuid, or a receipt's id; empty when none was given. */
  readonly who: string;
  readonly json: boolean;
  readonly yes: boolean;
  readonly cursor?: string;
  readonly month?: string;
  /** Where it happens, in words. */
  readonly target: string;
  readonly embedded: boolean;
  /** Runs the act between its two audit entries. */
  readonly audited: <T>(user: string | undefined, work: () => Promise<T>) => Promise<T>;
}

const monthPattern = /^\d{4}-(0[1-9]|1[0-2])$/;
/** Rows shown at once: more than anybody reads, and little to hold. */
const rowsShown = 1_000;

/** Another worker may be done, or gone, long before its lease has run out. */
const lookAgainMs = 2_000;

const mustFind = async ({ bench, who }: Context): Promise<ProfileItem> => {
  const profile = await bench.lifecycle.find(who);
  if (profile === undefined) throw new ParleyError('not_found', `Nobody has the handle or uuid ${who}.`);
  return profile;
};

/** Rows as they come: as JSON one by one, or as tables of some length. */
const printRows = async <T extends object>(
  rows: AsyncIterable<T>,
  json: boolean,
  columns: readonly string[],
): Promise<void> => {
  let held: T[] = [];
  let printed = false;
  const flush = (): void => {
    if (held.length === 0 && printed) return;
    print(table(held as unknown as Readonly<Record<string, unknown>>[], columns));
    printed = true;
    held = [];
  };
  for await (const row of rows) {
    if (json) await printLine(JSON.stringify(row));
    else if (held.push(row) >= rowsShown) flush();
  }
  if (!json) flush();
};

const view = ({ uuid, handle, display_name, status, created_at }: ProfileItem) => ({
  uuid,
  handle,
  display_name,
  status,
  created_at,
});

const list = (context: Context): Promise<void> =>
  context.audited(undefined, async () => {
    const users = async function* () {
      for await (const profile of context.bench.lifecycle.users()) yield view(profile);
    };
    await printRows(users(), context.json, ['handle', 'display_name', 'status', 'created_at', 'uuid']);
  });

const show = async (context: Context): Promise<void> => {
  const profile = await mustFind(context);
  await context.audited(profile.uuid, async () => {
    const { patterns } = context.bench;
    let conversations = 0;
    for (let start: Parameters<typeof patterns.listInboxRows>[1]['start'], more = true; more; ) {
      const page = await patterns.listInboxRows(profile.uuid, { limit: rowsShown, ...(start && { start }) });
      conversations += page.items.length;
      start = page.next;
      more = start !== undefined;
    }
    const blocks = (await patterns.listBlocks(profile.uuid, { limit: rowsShown })).items.length;
    const shown = { ...view(profile), conversations, blocks, audit_subject: fingerprint(profile.uuid) };
    if (context.json) print(JSON.stringify(shown));
    else for (const [name, value] of Object.entries(shown)) print(`${name.padEnd(14)} ${value}`);
  });
};

const setStatus =
  (status: 'active' | 'disabled') =>
  async (context: Context): Promise<void> => {
    const profile = await mustFind(context);
    const user = profile.uuid as UserUuid;
    await context.audited(user, () => context.bench.lifecycle.setStatus(user, status));
    const effect = status === 'disabled' ? 'disabled; refused everywhere within 5 seconds' : 'enabled';
    print(context.json ? JSON.stringify({ uuid: user, status }) : `${profile.handle} is ${effect}.`);
  };

const exportUser = async (context: Context): Promise<void> => {
  const profile = await mustFind(context);
  const user = profile.uuid as UserUuid;
  await context.audited(user, async () => {
    for await (const line of context.bench.lifecycle.exportOf({ user }, context.cursor)) await printLine(line);
  });
};

/** Carries one erasure out, over its pause and whatever another worker holds; resolves with the id of its receipt. */
const carryOut = async ({ bench, json }: Context, user: UserUuid): Promise<string | undefined> => {
  for (let told = false; ; told = true) {
    const progress = await bench.lifecycle.advance(user);
    if (progress.state === 'done') return progress.receipt;
    if (progress.state === 'none') return undefined;
    const ms = Math.max(100, progress.until - Date.now());
    if (!told && !json) print('Waiting for what was under way to end, then going through everything again.');
    await setTimeout(Math.min(ms, lookAgainMs));
  }
};

/** The embedded table's rows follow at once; in the cloud the fan-out behind the stream brings them up to date. */
const settleRows = async ({ bench, embedded }: Context): Promise<void> => {
  if (embedded) await bench.settle();
};

const erase = async (context: Context): Promise<void> => {
  const profile = await mustFind(context);
  const user = profile.uuid as UserUuid;
  const question = `Erase ${profile.handle} (${profile.display_name}) in ${context.target}, for good?`;
  if (!context.yes && !(await confirmed('users erase', question))) {
    print('Nobody was erased.');
    return;
  }
  await context.audited(user, async () => {
    await context.bench.lifecycle.begin({ user });
    const receipt = await carryOut(context, user);
    await settleRows(context);
    if (context.json) print(JSON.stringify({ erased: true, ...(receipt !== undefined && { receipt }) }));
    else print(receipt === undefined ? 'Erased, by another worker.' : `Erased. Receipt: ${receipt}`);
  });
};

/** Called by the clock as a rule: where there is nothing to do, it does nothing, and leaves no trace of that. */
const resume = async (context: Context): Promise<void> => {
  if ((await context.bench.lifecycle.open()).length === 0) return;
  await context.audited(undefined, async () => {
    for (
      let open = await context.bench.lifecycle.open();
      open.length > 0;
      open = await context.bench.lifecycle.open()
    ) {
      for (const user of open) {
        const receipt = await carryOut(context, user);
        if (receipt !== undefined) print(context.json ? JSON.stringify({ receipt }) : `Erased. Receipt: ${receipt}`);
      }
    }
    await settleRows(context);
  });
};

const receipt = async ({ bench, who, json }: Context): Promise<void> => {
  const item = await bench.lifecycle.receipt(who);
  if (item === undefined) throw new ParleyError('not_found', `There is no receipt ${who}.`);
  const shown = Object.entries(item).filter(([name]) => !['pk', 'sk', 'type'].includes(name));
  if (json) print(JSON.stringify(Object.fromEntries(shown)));
  else for (const [name, value] of shown) print(`${name.padEnd(18)} ${value}`);
};

/** Of those who were erased, or never were, the audit is asked by uuid; a handle that nobody has is a mistake. */
const subjectOf = async (context: Context): Promise<string> => userUuid(context.who) ?? (await mustFind(context)).uuid;

const audit = async (context: Context): Promise<void> => {
  const { bench, who, json, month = new Date().toISOString().slice(0, 7) } = context;
  if (!monthPattern.test(month)) throw new UsageError(`--month is "${month}": give a month such as 2026-11`);
  const subject = who === '' ? undefined : fingerprint(await subjectOf(context));
  const entries = async function* () {
    for await (const { at, by, act, subject: of, result, act_id } of bench.lifecycle.audit.list(month)) {
      if (subject === undefined || of === subject) yield { at, by, act, subject: of, result, act_id };
    }
  };
  await printRows(entries(), json, ['at', 'by', 'act', 'result', 'subject', 'act_id']);
};

const who = 'name a user by handle or uuid';

/** How many words each takes after its own, and what to say where one that it `needs` is missing. */
export const subcommands: Readonly<
  Record<string, { run(context: Context): Promise<void>; readonly words: number; readonly needs?: string }>
> = {
  list: { run: list, words: 0 },
  show: { run: show, words: 1, needs: who },
  disable: { run: setStatus('disabled'), words: 1, needs: who },
  enable: { run: setStatus('active'), words: 1, needs: who },
  export: { run: exportUser, words: 1, needs: who },
  erase: { run: erase, words: 1, needs: who },
  resume: { run: resume, words: 0 },
  receipt: { run: receipt, words: 1, needs: 'give the id of a receipt' },
  audit: { run: audit, words: 1 },
};
