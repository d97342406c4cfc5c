/** Opens the link a configuration names, with the SDK's own chain of credentials where one signs in by IAM. */
import { chainCredentials } from '#table/dynamodb/credentials';
import { iamSignIn } from './iam-token.ts';
import { openValkey, type ValkeyLink } from './valkey-link.ts';
import type { ValkeyTarget } from './valkey-target.ts';

/** @param onFault is told of connection errors; many, while the server is away. @param now milliseconds since the epoch. */
export const openTarget = (
  { url, iam }: ValkeyTarget,
  now: () => number,
  onFault: (error: unknown) => void,
): ValkeyLink =>
  openValkey({ url, onFault, ...(iam !== undefined && { signIn: iamSignIn(iam, chainCredentials(), now) }) });
