/** `bin/users`: who there is, and a user's whole life, by operators. Each act leaves its entries in the audit. */
import type { Act } from '#messenger/lifecycle/audit';
import { actor } from '../actor.ts';
import { audited } from '../cut-off.ts';
import type { Command } from '../main.ts';
import { describeTarget, noMoreThan, requireData, targetOf, withWorkbench } from '../target.ts';
import { UsageError } from '../usage.ts';
import { type Context, subcommands } from './subcommands.ts';

const help = `users COMMAND [prod] [options]

  list                      everybody who is not erased
  show WHO                  one user: names, status, how much there is of theirs
  disable WHO, enable WHO   within 5 seconds none of their requests is served, on any node; or they are again
  export WHO [--cursor C]   all that they have, decrypted, as JSON Lines; --cursor goes on after the line that has it
  erase WHO [--yes]         erases them for good: asks first, then works and waits until it is done
  resume                    carries out every erasure that was begun and is not done
  receipt ID                what an erasure left behind: when it was, and how much
  audit [WHO] [--month M]   what operators did, newest first; of one month (as 2026-11; this one unless told), of one user

WHO is a handle or a uuid. --json prints one JSON object a line. --by says who acts, where the name of the machine's user does
not. Every act but receipt and audit is noted in the audit: who, what, when, and with what result.`;

export const command: Command = {
  help,
  options: {
    by: { type: 'string' },
    cursor: { type: 'string' },
    json: { type: 'boolean', default: false },
    month: { type: 'string' },
    yes: { type: 'boolean', default: false },
  },
  run: async (positionals, values) => {
    const { config, rest } = targetOf(positionals, Number.POSITIVE_INFINITY);
    const [name = '', ...words] = rest;
    const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    if (subcommand === undefined)
      throw new UsageError(name === '' ? 'say what to do' : `no such command: users ${name}`);
    const { run, needs } = subcommand;
    noMoreThan(subcommand.words, words);
    const [who] = words;
    if (needs !== undefined && who === undefined) throw new UsageError(`users ${name}: ${needs}`);
    // Such as of a shell's variable that is not set: the audit would be everybody's.
    if (who?.trim() === '') throw new UsageError(`users ${name}: an empty word names nobody`);
    requireData(config);
    await withWorkbench(config, async (bench) => {
      const context: Context = {
        bench,
        who: who ?? '',
        json: values.json === true,
        yes: values.yes === true,
        ...(typeof values.cursor === 'string' && { cursor: values.cursor }),
        ...(typeof values.month === 'string' && { month: values.month }),
        target: describeTarget(config),
        embedded: config.table.kind === 'embedded',
        audited: (user, work) => {
          const act: Act = { by: actor(values.by), act: name, ...(user !== undefined && { user }) };
          return audited(bench.lifecycle.audit, act, work);
        },
      };
      await run(context);
    });
  },
};
