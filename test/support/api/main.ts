// `npm run api`: writes the pages of docs/api/.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readApi, renderApi } from './render.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
for (const [file, text] of renderApi(readApi(root))) writeFileSync(`${root}/docs/api/${file}`, text);
