/** `npm run cost`: writes `docs/COST.md`. */
import { writeFileSync } from 'node:fs';
import { costDocument } from './document.ts';

writeFileSync(new URL('../../../docs/COST.md', import.meta.url), costDocument());
