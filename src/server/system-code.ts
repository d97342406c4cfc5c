/** The operating system's names of what went wrong, such as EACCES; Node's own names begin with ERR_ and are faults of ours. */
export const isSystemCode = (code: unknown): boolean => typeof code === 'string' && /^E(?!RR_)[A-Z0-9_]+$/.test(code);
