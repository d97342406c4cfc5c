/** Who acts, for the audit. */
import { userInfo } from 'node:os';

/** As they say with `--by`, or as this machine knows them. */
export const actor = (by: unknown): string => {
  if (typeof by === 'string' && by.trim() !== '') return by.trim();
  return process.env.SUDO_USER ?? userInfo().username;
};
