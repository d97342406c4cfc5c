/** Loads the sample people and conversations. */
import { loadSample, samplePeople } from '#server/sample/load';
import type { Command } from './main.ts';
import { print, table } from './output.ts';
import { describeTarget, targetOf, withWorkbench } from './target.ts';

export const command: Command = {
  help: `seed [prod]

Loads the sample people and their conversations, unless they are there already.`,
  run: async (positionals) => {
    const { config } = targetOf(positionals, 0);
    await withWorkbench(config, async ({ messenger, uses, settle }) => {
      const loaded = await loadSample(messenger);
      await settle();
      print(
        loaded ? `Loaded into ${describeTarget(config)}.` : 'The sample people are there already; nothing was changed.',
      );
      print(table(samplePeople, ['handle', 'display_name', 'uuid']));
      const write = uses.reduce((sum, use) => sum + use.capacity.write, 0);
      print(`${uses.length} requests, ${write} write units`);
    });
  },
};
