/** Opens the link a configuration names. */
import { iamSignIn, type Presign } from './iam-token.ts';
import { openValkey, type ValkeyLink } from './valkey-link.ts';
import type { ValkeyTarget } from './valkey-target.ts';

/** @param presign with the role of this process. @param onFault is told of connection errors; many, while the server is away. */
export const openTarget = (
  { url, iam }: ValkeyTarget,
  presign: Presign,
  onFault: (error: unknown) => void,
): ValkeyLink => openValkey({ url, onFault, ...(iam !== undefined && { signIn: iamSignIn(iam, presign) }) });
