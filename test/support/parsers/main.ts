// `npm run parsers`: writes src/wire/kit/foreign-parsers.ts.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parsersFile } from './generate.js';

writeFileSync(fileURLToPath(new URL('../../../src/wire/kit/foreign-parsers.ts', import.meta.url)), await parsersFile());
