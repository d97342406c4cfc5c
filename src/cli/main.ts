/** The door of every script in `bin/`: finds the command, runs it, and turns a failure into one line. */
import { parseArgs } from 'node:util';
import { CutOff } from '#messenger/lifecycle/cut-off';
import { endCutOff } from './cut-off.ts';
import { isUsage, tell } from './failures.ts';
import { mindOutput } from './stdout.ts';
import { UsageError } from './usage.ts';

/** A command: what it is for, its options, and what it does. The module is loaded only when it is asked for. */
export interface Command {
  readonly help: string;
  readonly options?: NonNullable<Parameters<typeof parseArgs>[0]>['options'];
  run(positionals: readonly string[], values: Readonly<Record<string, unknown>>): Promise<void>;
}

const commands: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  'schema-load': () => import('./schema-load.ts'),
  seed: () => import('./seed.ts'),
  drop: () => import('./drop.ts'),
  'list-tables': () => import('./list-tables.ts'),
  scan: () => import('./scan.ts'),
  import: () => import('./import.ts'),
  tail: () => import('./tail.ts'),
  users: () => import('./users/command.ts'),
  keys: () => import('./keys.ts'),
  'patterns/get-conversation': () => import('./patterns/get-conversation.ts'),
  'patterns/list-conversations': () => import('./patterns/list-conversations.ts'),
  'patterns/create-message': () => import('./patterns/create-message.ts'),
  'patterns/update-message-group': () => import('./patterns/update-message-group.ts'),
};

const main = async ([name = '', ...args]: readonly string[]): Promise<void> => {
  const load = commands[name];
  if (load === undefined) throw new UsageError(`no such command: ${name}`);
  const { command } = await load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${command.help}\n`);
    return;
  }
  const { positionals, values } = parseArgs({
    args: [...args],
    options: command.options ?? {},
    allowPositionals: true,
    strict: true,
  });
  await command.run(positionals, values);
};

mindOutput();

/**
 * Ends the process once all is written: into a pipe that takes its time, most of a long answer would be lost otherwise. A turn
 * later, so that a write that failed has been heard of.
 */
const leave = (code: number): void => {
  process.stdout.write('', () => process.stderr.write('', () => setImmediate(() => process.exit(code))));
};

main(process.argv.slice(2)).then(
  () => leave(0),
  (error: unknown) => {
    if (error instanceof CutOff) {
      endCutOff(error);
      return;
    }
    const usage = isUsage(error);
    process.stderr.write(`${tell(error)}\n`);
    if (usage) process.stderr.write('--help says how it is called\n');
    leave(usage ? 2 : 1);
  },
);
