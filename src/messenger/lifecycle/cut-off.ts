/** An act that did not fail by itself: its process was told to end, or nobody takes what it gives. */

/** What cut the act off. */
export type CutOffBy = 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'output closed' | 'output failed';

/** Rejects an act that was cut off; the audit notes by what. */
export class CutOff extends Error {
  readonly by: CutOffBy;

  constructor(by: CutOffBy, options?: ErrorOptions) {
    super(`cut off: ${by}`, options);
    this.by = by;
  }
}
