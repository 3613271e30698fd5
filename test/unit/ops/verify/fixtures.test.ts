// No false alarm: every unmodified capture of a real QEMU is without an error. And what is broken has one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixtureBytes, fixtureNames } from '../../../support/fixtures.js';
import { verify } from '../../../support/verify.js';

describe('verify', () => {
  test.each(fixtureNames)('%s is without an error', async (name) => {
    const { verdict, findings } = await verify(fixtureBytes(name));
    expect(findings.filter((one) => one.severity === 'error')).toEqual([]);
    expect(verdict).toBe('sound');
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
