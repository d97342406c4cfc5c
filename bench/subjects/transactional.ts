/** The textbook's transactions on a local DynamoDB server. */
import { startTransactional } from '../rivals/transactional/design.ts';
import { fromDesign } from './from-design.ts';

export const start = fromDesign(startTransactional);
