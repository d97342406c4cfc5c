/** The course's design on a local DynamoDB server. */
import { startCourse } from '../rivals/course/design.ts';
import { fromDesign } from './from-design.ts';

export const start = fromDesign(startCourse);
