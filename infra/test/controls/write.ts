/** `npm run controls`: writes `docs/CONTROLS.md`. */
import { writeFileSync } from 'node:fs';
import { controlsDocument } from './document.ts';

writeFileSync(new URL('../../../docs/CONTROLS.md', import.meta.url), controlsDocument());
