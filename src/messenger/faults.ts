/** How a table's faults are told to users: as codes of the closed list, never as the adapter's own words (NET-1, NET-2). */
import { ParleyError } from '#domain/errors';
import { TableError } from '#table/errors';

const retryAfterSeconds = 1;

/** A ParleyError as it is; a table that is throttled or away as `unavailable`; anything else as `internal`, with its cause. */
export const asParleyError = (error: unknown): ParleyError => {
  if (error instanceof ParleyError) return error;
  if (error instanceof TableError && error.code !== 'invalid' && error.code !== 'condition_failed') {
    return new ParleyError('unavailable', 'The table does not answer; try again.', { retryAfterSeconds, cause: error });
  }
  return new ParleyError('internal', 'Something went wrong here; it has been noted.', { cause: error });
};

const fail = (error: unknown): never => {
  throw asParleyError(error);
};

/** Wraps a use case so that it rejects with a ParleyError and nothing else. */
export const guarded =
  <A extends unknown[], R>(useCase: (...args: A) => Promise<R>) =>
  (...args: A): Promise<R> => {
    try {
      return useCase(...args).catch(fail);
    } catch (error) {
      return Promise.reject(asParleyError(error));
    }
  };

/** The same answer for a conversation that does not exist and for one that the user may not see (PAGE-4). */
export const noSuchConversation = (): ParleyError => new ParleyError('not_found', 'There is no such conversation.');
export const noSuchMessage = (): ParleyError => new ParleyError('not_found', 'There is no such message.');
export const noSuchUser = (): ParleyError => new ParleyError('not_found', 'There is no such user.');
