/** What a stream's function is made of: Lambda calls `fanout` with a batch, and repeats only what it names as failed. */
import { fanout } from 'parley/lambda';

console.log(typeof fanout);
