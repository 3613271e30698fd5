// Every cure that verify and explain print beside a message of QEMU, a silent end or a known bug is carried out by a
// test with a real QEMU, or the reason why none does is listed.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hostExplanations } from '../../../src/release/causes/host.js';
import { monitorExplanations } from '../../../src/release/causes/monitor.js';
import { deviceExplanations } from '../../../src/release/causes/device.js';
import { ramExplanations } from '../../../src/release/causes/ram.js';
import { streamExplanations } from '../../../src/release/causes/stream.js';
import { pciRules } from '../../../src/release/causes/rules-pci.js';
import { virtioRules } from '../../../src/release/causes/rules-virtio.js';
import { silentRows } from '../../../src/release/causes/silent.js';
import { knownBugs } from '../../../src/release/known-bugs.js';
import { cureText } from '../../../src/report/hints.js';
import { carriedOut, notCarriedOut } from '../../support/cures.js';

const printed: ReadonlySet<string> = new Set(
  [
    ...knownBugs.map(({ cure }) => cure),
    ...[
      ...pciRules,
      ...virtioRules,
      ...Object.values(hostExplanations),
      ...Object.values(monitorExplanations),
      ...Object.values(streamExplanations),
      ...Object.values(ramExplanations),
      ...Object.values(deviceExplanations),
      ...Object.values(silentRows),
    ].flatMap(({ cures }) => cures),
  ].map(cureText),
);
const listed = [...Object.values(carriedOut), ...Object.values(notCarriedOut)].flat();

test('each printed cure is carried out by a test, or has its reason', () => {
  expect([...printed].filter((cure) => !listed.some((start) => cure.startsWith(start)))).toEqual([]);
});

test('what is listed is printed, and stands in one list', () => {
  expect(listed.filter((start) => ![...printed].some((cure) => cure.startsWith(start)))).toEqual([]);
  expect(new Set(listed).size).toBe(listed.length);
  expect(Object.keys(carriedOut).filter((file) => !existsSync(file))).toEqual([]);
});
