// The table of known bugs: complete, told by words, and silent about good captures.
import { cureText } from '../../../src/report/hints.js';
import { describe, expect, test } from 'vitest';
import type { BugStream } from '../../../src/release/known-bug-row.js';
import { bugsByWords, bugsOnTheWay, knownBugs } from '../../../src/release/known-bugs.js';

const none: BugStream = {
  machine: '',
  machineVersion: undefined,
  devices: [],
  sections: [],
  commands: [],
  capabilities: [],
  layout: undefined,
  since: undefined,
  until: undefined,
};
const ids = (bugs: readonly { readonly id: string }[]): string[] => bugs.map(({ id }) => id);

describe('known bugs', () => {
  test('at least 25, each with its source and a way to be found', () => {
    expect(knownBugs.length).toBeGreaterThanOrEqual(25);
    expect(new Set(ids(knownBugs)).size).toBe(knownBugs.length);
    for (const { id, what, releases, cure, source, says, meets } of knownBugs) {
      expect(
        [what, releases, cureText(cure)].every((text) => text.length > 5),
        id,
      ).toBe(true);
      expect(source, id).toMatch(/[0-9a-f]{10}|\.c/);
      expect(says ?? meets, id).toBeDefined();
    }
  });

  test('by words', () => {
    const vsock = 'get_pci_config_device: Bad config data: i=0x2 read: 12 device: 53 cmask: ff wmask: 0 w1cmask:0';
    expect(ids(bugsByWords(vsock, '0000:00:03.0/virtio-vhost_vsock'))).toEqual(['vsock-modern']);
    const aer = 'get_pci_config_device: Bad config data: i=0x10a read: 40 device: 0 cmask: ff wmask: 0 w1cmask:0';
    expect(ids(bugsByWords(aer, '0000:00:02.0/e1000e'))).toEqual(['aer-mask']);
    const uso = 'Features 0x1c0010130afffaf unsupported. Allowed features: 0x10179bfffef';
    expect(ids(bugsByWords(uso, '0000:00:02.0:00.0/virtio-net'))).toEqual(['uso-from-kernel', 'uso-machine-8.1']);
    expect(ids(bugsByWords("Unknown savevm section or instance 'slirp' 1. Make sure"))).toEqual(['slirp-twice']);
    expect(bugsByWords('Missing section footer for ram')).toEqual([]);
  });

  test('by stream and destination', () => {
    const to = (stream: Partial<BugStream>, major: number, minor: number): string[] =>
      ids(bugsOnTheWay({ ...none, ...stream }, { major, minor }));
    expect(to({ sections: ['slirp/0', 'slirp/0'] }, 10, 0)).toEqual(['slirp-twice']);
    expect(to({ sections: ['slirp/0', 'slirp/1'] }, 10, 0)).toEqual([]);
    expect(to({ commands: ['SWITCHOVER_START'] }, 7, 2)).toEqual(['switchover-start']);
    expect(to({ commands: ['SWITCHOVER_START'] }, 10, 0)).toEqual([]);
    expect(to({ layout: 'ignore-shared-4.0' }, 7, 2)).toEqual(['ignore-shared-byte']);
    expect(to({ capabilities: ['mapped-ram', 'x-ignore-shared'] }, 10, 0)).toEqual(['mapped-ram-shared']);
    const old = { machineVersion: { major: 7, minor: 2 }, until: { major: 7, minor: 2 }, devices: ['e1000e'] };
    expect([to(old, 8, 0), to(old, 8, 1)]).toEqual([['aer-mask'], []]);
  });
});
