// No false alarm: every unmodified capture of a real QEMU is without an error. And what is broken has one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { knownBugFindings } from '../../../../src/ops/verify/known-bugs.js';
import { fixtureBytes, fixtureNames } from '../../../support/fixtures.js';
import { verify } from '../../../support/verify.js';

/** Two streams in one file: the first is whole, and something lies behind it. */
const DAMAGED = new Set(['xen-over-full.gz', 'appended.gz']);

describe('verify', () => {
  test.each(fixtureNames)('%s is without an error', async (name) => {
    const { verdict, findings } = await verify(fixtureBytes(name));
    expect(findings.filter((one) => one.severity === 'error')).toEqual([]);
    expect(verdict).toBe('sound');
  });

  const field = join(process.env['MSTREAM_SHARED'] ?? '../shared');
  const captures = ['fixtures/kvm', 'cases']
    .map((name) => join(field, name))
    .filter((name) => existsSync(name))
    .flatMap((name) =>
      readdirSync(name)
        .filter((file) => file.endsWith('.gz') && !DAMAGED.has(file))
        .map((file) => join(name, file)),
    );
  if (captures.length === 0) console.log(`skipped: no captures in ${field} (MSTREAM_SHARED names the folder)`);
  test.each(captures)('%s is without an error, and no known bug of its own QEMU', async (path) => {
    const { findings, inspection } = await verify(gunzipSync(readFileSync(path)));
    expect(findings.filter((one) => one.severity === 'error')).toEqual([]);
    const release = /^(\d+)\.(\d+)-/.exec(basename(path)) ?? ['', '7', '2'];
    const bugs = knownBugFindings(inspection, { major: Number(release[1]), minor: Number(release[2]) });
    expect(bugs).toEqual([]);
  });

  const folder = 'fixtures/broken';
  test.each(readdirSync(folder).filter((name) => name.endsWith('.bin')))('%s is not', async (name) => {
    const { verdict, findings } = await verify(readFileSync(join(folder, name)));
    const code = findings.find((one) => name.startsWith(one.code));
    expect(code, JSON.stringify(findings)).toBeDefined();
    if (code!.code === 'bad-vmdescription') return expect(code!.severity).toBe('warning');
    // Where only this reader gives up, nothing is claimed.
    return expect(verdict).toBe(code!.severity === 'error' && code!.code !== 'not-a-stream' ? 'broken' : 'unjudged');
  });
});
