// `npm run api`: writes docs/api.md. Imports its own folder.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readApi, renderApi } from './render.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
writeFileSync(`${root}/docs/api.md`, renderApi(readApi(root)));
