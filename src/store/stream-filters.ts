/**
 * What of the table's stream the fan-out needs to be called for, in the filter language of Lambda's event sources: entries,
 * written or changed, and profiles that changed. Its own writes (rows, checkpoints) pass nobody by, and cost no call.
 */
import { conversationPartition, profileKey } from './keys.ts';

export interface StreamFilter {
  readonly eventName: readonly ('INSERT' | 'MODIFY' | 'REMOVE')[];
  readonly dynamodb: {
    readonly Keys: {
      readonly [key in 'pk' | 'sk']?: { readonly S: readonly (string | { readonly prefix: string })[] };
    };
  };
}

/** A record that matches one of them is delivered. */
export const streamFilters: readonly StreamFilter[] = [
  { eventName: ['INSERT', 'MODIFY'], dynamodb: { Keys: { pk: { S: [{ prefix: conversationPartition('') }] } } } },
  { eventName: ['MODIFY'], dynamodb: { Keys: { sk: { S: [profileKey('').sk] } } } },
];
