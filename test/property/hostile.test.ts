// Hostile input: a typed error or a whole reading, from a file and from a pipe, in less than 100 MB of memory all told,
// and nothing that a terminal would obey in what is said about it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childScript, type Child } from '../support/child.js';
import { hostile } from '../support/hostile.js';

/** Of which Node takes 45 MB before the first byte is read. */
const LIMIT = 100e6;

describe.concurrent('hostile', () => {
  let child: Child<{ code: string; text: string; position: number }>;
  let dir: string;
  beforeAll(async () => {
    child = await childScript('hostile');
    dir = await mkdtemp(join(tmpdir(), 'mstream-hostile-'));
  });
  afterAll(async () => {
    await child.close();
    await rm(dir, { recursive: true, force: true });
  });

  test.each(Object.keys(hostile))('%s', async (name) => {
    const { bytes, expected, piped } = hostile[name]!;
    const path = join(dir, name.replace(/\W/g, '-'));
    await writeFile(path, bytes());
    for (const how of ['file', 'pipe']) {
      const { code, text, rss } = await child.run(path, how);
      expect(how === 'pipe' ? (piped ?? expected) : expected, `${how}: ${text}`).toContain(code);
      expect(text).toMatch(/^[\x20-\x7e]*$/);
      if (process.env['MSTREAM_SHOW'] !== undefined) console.log(name, how, code, Math.round(rss / 1e6));
      expect(rss, how).toBeLessThan(LIMIT);
    }
    await rm(path);
  });
});
