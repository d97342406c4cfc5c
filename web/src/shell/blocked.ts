/** The people whom I block, all of them. */
import type { Api } from '#client/http';
import type { PublicUser } from '#protocol/shapes';

/** The largest page there is. */
const pageLimit = 100;

export const blockedPeople = async (api: Api): Promise<readonly PublicUser[]> => {
  const people: PublicUser[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.blocks(cursor === undefined ? { limit: pageLimit } : { limit: pageLimit, cursor });
    people.push(...page.blocks);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return people;
};
