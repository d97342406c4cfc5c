/** What `bin/capacity` starts. */
import { mindOutput } from '../stdout.ts';
import { main } from './main.ts';

mindOutput();
process.exitCode = await main(
  process.argv.slice(2),
  (text) => process.stdout.write(text),
  (text) => process.stderr.write(text),
);
