// Known bugs and changes of the stream itself: guest memory, commands, sections. See known-bugs.ts.

import type { KnownBugRow } from './known-bug-row.js';
import { atLeast, release } from './version.js';

export const streamBugs: readonly KnownBugRow[] = [
  {
    id: 'ignore-shared-byte',
    what: 'QEMU 4.0 writes one byte more for each block under x-ignore-shared than every later release reads',
    releases: '4.0 on one side, 4.1 or later on the other',
    cure: { code: 'convert-dialect' },
    source: 'commit b17fbbe55cba95ad323b27c2f9f3e22eb6364d4b (4.1), migration/ram.c',
    says: (words) => /RAM block \S+ should (?:not )? ?be migrated/.test(words),
    meets: ({ layout }, to) =>
      (layout === 'ignore-shared-4.0' && atLeast(to, release('4.1'))) ||
      (layout === 'ignore-shared-4.1' && !atLeast(to, release('4.1'))),
  },
  {
    id: 'mapped-ram-shared',
    what: 'with mapped-ram and x-ignore-shared together the reader takes the address of a block for its header, 8 bytes early',
    releases: '9.0 to 10.2',
    cure: 'QEMU 11.0 or later at the destination, or a save without mapped-ram',
    source:
      'migration/ram.c:parse_ramblock; qemu-devel 2025-11-25, "migration: fix parsing snapshots with x-ignore-shared flag" (commit b043f6df273f, behind 10.2.0)',
    meets: ({ capabilities }, to) =>
      capabilities.includes('mapped-ram') &&
      capabilities.includes('x-ignore-shared') &&
      atLeast(to, release('9.0')) &&
      !atLeast(to, release('11.0')),
  },
  {
    id: 'switchover-start',
    what: 'QEMU 10.0 and later send the command SWITCHOVER_START with machine types from 10.0 on; older releases refuse it',
    releases: '10.0 and later to 9.2 and older',
    cure: { code: 'drop-switchover-start' },
    source: 'hw/core/machine.c:hw_compat_9_2 (send-switchover-start)',
    says: (words) => /MIG_CMD 0xb unknown/.test(words),
    meets: ({ commands }, to) => commands.includes('SWITCHOVER_START') && !atLeast(to, release('10.0')),
  },
  {
    id: 'multifd-flush',
    what: 'since 8.1 multifd marks the end of a round with a flag of its own, which older releases do not know',
    releases: '8.1 and later to 8.0 and older',
    cure: 'the machine type of the older release at the source: it sets multifd-flush-after-each-section=on',
    source: 'hw/core/machine.c:hw_compat_8_0 (multifd-flush-after-each-section)',
    says: (words) => /Unknown combination of migration flags: 0x200\b/.test(words),
  },
  {
    id: 'objects-prefix',
    what: 'the block of a memory backend is called /objects/ID under machine types up to 3.1, and ID under later types',
    releases: 'machine types up to 3.1; -machine memory-backend= since 5.0',
    cure: { code: 'rename-canonical' },
    source: 'commits fa0cb34d22 and 900c0ba373; hw/core/machine.c:hw_compat_3_1 (x-use-canonical-path-for-ramblock-id)',
    says: (words) => /Unknown ramblock "\/objects\//.test(words),
  },
  {
    id: 'slirp-twice',
    what: 'before 8.2 every -netdev user saves its state as instance 0: the second overwrites the first where it is loaded',
    releases: 'saves of QEMU before 8.2 with two -netdev user, to 8.2 and later',
    cure: { code: 'map-slirp' },
    source:
      'net/slirp.c:net_slirp_init; qemu-devel 2023-10-19, "migration: Use VMSTATE_INSTANCE_ID_ANY for slirp"; seen in saves of 7.2 (0 and 0) and 10.0 (0 and 1)',
    says: (words) => /Unknown (?:savevm )?section or instance 'slirp' [1-9]/.test(words),
    meets: ({ sections }, to) =>
      sections.filter((section) => section === 'slirp/0').length > 1 && atLeast(to, release('8.2')),
  },
  {
    id: 'virtio-mem-early',
    what: 'since 8.0 virtio-mem sends its bitmap before guest memory, in a section that older releases do not have',
    releases: '8.0 and later to 7.2 and older',
    cure: 'the machine type of the older release at the source: it sets x-early-migration=false',
    source: 'hw/core/machine.c:hw_compat_7_2 (x-early-migration); hw/virtio/virtio-mem.c',
    says: (words) => /Unknown (?:savevm )?section or instance '[^']*virtio-mem[^']*early/.test(words),
    meets: ({ devices }, to) =>
      devices.some((device) => /^virtio-mem.*early$/.test(device)) && !atLeast(to, release('8.0')),
  },
  {
    id: 'pci-host-register',
    what: "since 5.1 the PCI host's address register is saved, in a section that older releases do not have",
    releases: '5.1 and later to 5.0 and older',
    cure: { code: 'drop-pcihost' },
    source: 'hw/core/machine.c:hw_compat_5_0 (x-config-reg-migration-enabled)',
    says: (words) => /Unknown (?:savevm )?section or instance '[^']*PCIHost'/.test(words),
    meets: ({ devices }, to) => devices.includes('PCIHost') && !atLeast(to, release('5.1')),
  },
  {
    id: 'ramfb-section',
    what: 'since 8.2 ramfb is saved, in a section that older releases do not have',
    releases: '8.2 and later to 8.1 and older',
    cure: 'the machine type of the older release at the source: it sets x-migrate=off',
    source: 'hw/core/machine.c:hw_compat_8_1 (ramfb x-migrate)',
    says: (words) => /Unknown (?:savevm )?section or instance '[^']*ramfb'/.test(words),
    meets: ({ devices }, to) => devices.includes('ramfb') && !atLeast(to, release('8.2')),
  },
];
