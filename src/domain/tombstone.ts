/** Who stands in the place of a person who was erased (USER-5): one for all, so that nobody can be told apart. */
import type { Handle, UserUuid } from './ids.ts';

/** A uuid that no token carries: all zeros but for its version and variant. */
export const tombstone = {
  user_uuid: '00000000-0000-4000-8000-000000000000' as UserUuid,
  /** Nobody may take this handle. */
  handle: 'deleted' as Handle,
  display_name: 'Deleted user',
} as const;
