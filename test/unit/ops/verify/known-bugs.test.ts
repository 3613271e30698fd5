// The table of known bugs fires on no capture that goes to the QEMU that wrote it.
import { expect, test } from 'vitest';
import { knownBugFindings } from '../../../../src/ops/verify/known-bugs.js';
import { fixtureBytes, fixtureNames } from '../../../support/fixtures.js';
import { look } from '../../../support/edits.js';

test.each(fixtureNames)('%s', async (name) => {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(name)!;
  const findings = knownBugFindings(await look(fixtureBytes(name)), { major: Number(major), minor: Number(minor) });
  expect(findings).toEqual([]);
});
