/**
 * What operators did (SEC-5's other half: rights leave a trace): an entry when an act begins and one when it ends, so that one
 * which never ended shows. Entries are only added.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { ParleyError } from '#domain/errors';
import { isoTime } from '#domain/time';
import type { AuditItem } from '#store/items';
import { isConditionFailed } from '#table/errors';
import type { Deps } from '../deps.ts';
import { CutOff } from './cut-off.ts';

/** Entries of one page. */
const pageLimit = 100;

/**
 * What an entry calls a user: a digest of their uuid, of which 122 bits are random. It can be compared with a uuid at hand, and
 * leads back to none; an entry so outlives an erasure and names nobody.
 */
export const fingerprint = (user: string): string => createHash('sha256').update(user).digest('hex').slice(0, 32);

/** Who does what to whom. */
export interface Act {
  readonly by: string;
  readonly act: string;
  /** The uuid of whom it concerns. */
  readonly user?: string;
}

export interface Audit {
  /** Runs an act between its two entries. Without the first there is no act; one that failed or was cut off is noted as such and rejects. */
  audited<T>(act: Act, work: () => Promise<T>): Promise<T>;
  /** A month's entries, as in `2026-11`, newest first. */
  list(month: string): AsyncIterable<AuditItem>;
}

const resultOf = (error: unknown): string =>
  error instanceof CutOff ? error.message : `failed: ${error instanceof ParleyError ? error.code : 'internal'}`;

export const createAudit = ({ patterns, now, randomBytes }: Pick<Deps, 'patterns' | 'now' | 'randomBytes'>): Audit => ({
  audited: async ({ by, act, user }, work) => {
    const act_id = Buffer.from(randomBytes(8)).toString('hex');
    const subject = user === undefined ? {} : { subject: fingerprint(user) };
    const note = async (result: string): Promise<void> => {
      try {
        await patterns.addAuditEntry({ type: 'audit', act_id, at: isoTime(now()), by, act, ...subject, result });
      } catch (error) {
        // The id is drawn for this act: what stands there is this very note, by an attempt whose answer was lost.
        if (!isConditionFailed(error)) throw error;
      }
    };
    await note('begun');
    try {
      const outcome = await work();
      await note('done');
      return outcome;
    } catch (error) {
      // What went wrong is told, also when the table no longer takes the note of it.
      await note(resultOf(error)).catch(() => undefined);
      throw error;
    }
  },
  list: async function* (month) {
    let start: Parameters<typeof patterns.listAudit>[1]['start'];
    do {
      const page = await patterns.listAudit(month, { limit: pageLimit, ...(start && { start }) });
      yield* page.items;
      start = page.next;
    } while (start !== undefined);
  },
});
