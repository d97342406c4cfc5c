/** Every control, in the order of the document. */
import { cacheControls } from './cache.ts';
import { computeControls } from './compute.ts';
import type { Control } from './control.ts';
import { identityControls } from './identities.ts';
import { networkControls } from './network.ts';
import { tableControls } from './tables.ts';
import { watchControls } from './watch.ts';

export const sections: readonly (readonly [title: string, controls: readonly Control[]])[] = [
  ['Tables, backups and DAX', tableControls],
  ['Valkey', cacheControls],
  ['Identities and keys', identityControls],
  ['Network', networkControls],
  ['What runs', computeControls],
  ['What is watched and forbidden', watchControls],
];
