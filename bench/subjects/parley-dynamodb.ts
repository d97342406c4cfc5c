/** Parley on a local DynamoDB server, as the other designs are measured. */
import { startParleyDesign } from '../parley/design.ts';
import { fromDesign } from './from-design.ts';

export const start = fromDesign(startParleyDesign);
