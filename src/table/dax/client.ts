/** The SDK's client of a DAX cluster, as this table uses it. Host names are verified, as the SDK does unless told otherwise. */
import { DaxDocument } from '@amazon-dax-sdk/lib-dax';
import { type DaxReads, daxMsMax } from './reads.ts';

/**
 * @param endpoint `daxs://…` or `dax://…`. Credentials come from the SDK's own chain.
 * @param requestMs when the client itself gives up.
 */
export const openDax = (
  endpoint: string,
  region: string,
  requestMs: number = daxMsMax,
): DaxReads & { close(): void } => {
  // One attempt: the table itself is the second. Its time-outs are not kept to, so the reads have a deadline of their own.
  const client = new DaxDocument({ endpoint, region, requestTimeout: requestMs, maxRetries: 0 });
  return {
    get: (input) => client.get(input as Parameters<typeof client.get>[0]),
    query: (input) => client.query(input as Parameters<typeof client.query>[0]),
    // Declared by neither package, and the only thing that ends its timers and sockets.
    close: () => (client as unknown as { shutdown(): void }).shutdown(),
  };
};
