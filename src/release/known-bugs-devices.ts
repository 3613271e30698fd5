// Devices that a release began to save otherwise, with or without a machine type that keeps the old way. See
// known-bugs.ts.

import { vmsdNameOf } from '../base/idstr.js';
import type { KnownBugRow } from './known-bug-row.js';
import { atLeast, compareVersions, release, type QemuVersion } from './version.js';

const same = (a: QemuVersion, b: QemuVersion): boolean => compareVersions(a, b) === 0;
const upTo = (version: QemuVersion | undefined, limit: QemuVersion): boolean =>
  version !== undefined && atLeast(limit, version);

/** "Bad config data" at this offset of such a device. */
const config = (words: string, device: string, at: RegExp, name: RegExp): boolean =>
  new RegExp(`Bad config data: i=0x(?:${at.source}) `).test(words) && name.test(vmsdNameOf(device));
const subsection = (words: string, name: string): boolean => words.includes(`subsection '${name}'`);

export const deviceBugs: readonly KnownBugRow[] = [
  {
    id: 'aer-mask',
    what: 'QEMU 8.0.0 gave the AER mask of uncorrectable errors a new default for every machine type, so PCI Express devices are refused between 8.0.0 and other releases',
    releases: '8.0.0 on one side, machine types up to 7.2',
    cure: 'QEMU 8.0.1 or later, or x-pcie-err-unc-mask=off (on towards 8.0.0) at each PCI Express device',
    source: 'commit 010746ae1d; hw/core/machine.c:hw_compat_7_2 (x-pcie-err-unc-mask)',
    says: (words, device) => config(words, device, /10[89ab]/, /./),
    meets: ({ machineVersion, devices, until }, to) =>
      same(to, release('8.0')) &&
      upTo(machineVersion, release('7.2')) &&
      upTo(until, release('7.2')) &&
      devices.some((device) => /^(?:pcie-root-port|ioh3420|e1000e|xio3130.*|nvme)$/.test(device)),
  },
  {
    id: 'balloon-config-size',
    what: 'the configuration of virtio-balloon grew in 4.0.0 for every machine type, and with it the first BAR',
    releases: '3.1 and older to 4.0, and back',
    cure: 'QEMU 4.1 or later, with the machine type of the source',
    source: 'hw/core/machine.c:hw_compat_3_1, hw_compat_4_0 (qemu-4-0-config-size)',
    says: (words, device) => config(words, device, /1[0-3]/, /^virtio-balloon$/),
    meets: ({ machineVersion, devices, until }, to) =>
      same(to, release('4.0')) &&
      upTo(machineVersion, release('3.1')) &&
      upTo(until, release('3.1')) &&
      devices.includes('virtio-balloon'),
  },
  {
    id: 'vsock-modern',
    what: 'QEMU 5.1.0 refuses or changes transitional vsock devices, which older releases made by default',
    releases: '5.0 and older to 5.1.0; since 5.2 only with machine types from 5.1 on',
    cure: 'disable-legacy=off of that device (on QEMU 5.1.1 and later), with the machine type of the source',
    source: 'commits 9b3a35ec82 (5.1), d55f518248, 6209070503 and 27eda699f5; hw_compat_5_0 (x-disable-legacy-check)',
    says: (words, device) => /i=0x2 read: (?:12|53) device: (?:53|12) /.test(words) && /vsock|^$/.test(device),
    meets: ({ machineVersion, devices, until }, to) =>
      same(to, release('5.1')) &&
      upTo(machineVersion, release('5.0')) &&
      upTo(until, release('5.0')) &&
      devices.some((device) => /vsock$/.test(device)),
  },
  {
    id: 'root-port-acs',
    what: 'since 4.1 root ports have Access Control Services; machine types 3.1 lost them again in 4.1.0, so 4.0 and 4.1 differ there',
    releases: 'machine types up to 3.1, 4.0 to 4.1 and later',
    cure: 'disable-acs=off of each root port where the source is 4.0 with such a type',
    source: 'hw/core/machine.c:hw_compat_3_1 (disable-acs, added in 4.1)',
    says: (words, device) => config(words, device, /1[0-9a-f]{2}/, /root-port$/),
  },
  {
    id: 'bridge-latency',
    what: 'up to 8.1 the secondary latency timer of PCI Express bridges could be written, since 8.2 it cannot',
    releases: '8.1 and older to 8.2 and later, without the machine type of the source',
    cure: 'the machine type of the source, or x-pci-express-writeable-slt-bug=true of that bridge',
    source: 'hw/core/machine.c:hw_compat_8_1 (x-pci-express-writeable-slt-bug)',
    says: (words, device) => config(words, device, /1b/, /port|bridge|ioh3420|downstream/),
  },
  {
    id: 'ari-next-function',
    what: 'up to 8.0 devices with ARI named a next function that does not exist',
    releases: '8.0 and older to 8.1 and later, without the machine type of the source',
    cure: 'x-pcie-ari-nextfn-1=on of that device, or the machine type of the source',
    source: 'hw/core/machine.c:hw_compat_8_0 (x-pcie-ari-nextfn-1)',
    says: (words, device) => config(words, device, /1[0-9a-f]{2}/, /^(?:igb|nvme|igbvf)$/),
  },
  {
    id: 'vfio-vendor-capability',
    what: 'up to 9.0 the bytes of a vendor capability of a passed-through device had to be equal on both hosts',
    releases: '9.0 and older, and machine types up to 9.0 later',
    cure: 'skip-vsc-check=true of vfio-pci (9.1 and later)',
    source: 'hw/core/machine.c:hw_compat_9_0 (skip-vsc-check); hw/vfio/pci.c',
    says: (words, device) => config(words, device, /[4-9a-f][0-9a-f]/, /vfio/),
  },
  {
    id: 'piix4-acpi-index',
    what: 'up to 6.2 a wrong test keeps acpi-index of i440fx out of the stream; a 7.0 from before the fix expects it, and everything behind it shifts',
    releases: '6.2 and older to builds of 7.0 without the fix of April 2022, machine types up to 6.2',
    cure: 'a release from 7.0.0 on at the destination: its machine types up to 6.2 set x-not-migrate-acpi-index of PIIX4_PM; or `-global PIIX4_PM.x-not-migrate-acpi-index=on`',
    source:
      'hw/acpi/piix4.c:vmstate_test_migrate_acpi_index; qemu-devel 2022-04-06, "acpi: fix acpi_index migration" (gitlab issue 932)',
    says: (words) => /Missing section footer for \S*piix4_pm/.test(words) || subsection(words, 'piix4_pm/acpi-index'),
  },
  {
    id: 'subsection-virtio-started',
    what: 'since 4.1 a started virtio device saves the subsection virtio/started',
    releases: '4.1 and later to 4.0 and older',
    cure: { code: 'old-machine-or-drop-subsection', property: 'use-started=false', subsection: 'virtio/started' },
    source: 'hw/core/machine.c:hw_compat_4_0 (use-started)',
    says: (words) => subsection(words, 'virtio/started'),
  },
  {
    id: 'subsection-virtio-disabled',
    what: 'since 5.0 a disabled virtio device saves the subsection virtio/disabled',
    releases: '5.0 and later to 4.2 and older',
    cure: {
      code: 'old-machine-or-drop-subsection',
      property: 'use-disabled-flag=false',
      subsection: 'virtio/disabled',
    },
    source: 'hw/core/machine.c:hw_compat_4_2 (use-disabled-flag)',
    says: (words) => subsection(words, 'virtio/disabled'),
  },
  {
    id: 'subsection-fw-cfg',
    what: 'since 5.0 fw_cfg saves where its ACPI blobs lie, in the subsection fw_cfg/acpi_mr',
    releases: '5.0 and later to 4.2 and older',
    cure: { code: 'old-machine-or-drop-subsection', property: 'acpi-mr-restore=false', subsection: 'fw_cfg/acpi_mr' },
    source: 'hw/core/machine.c:hw_compat_4_2 (acpi-mr-restore)',
    says: (words) => subsection(words, 'fw_cfg/acpi_mr'),
  },
  {
    id: 'subsection-pckbd',
    what: 'since 6.1 the keyboard controller saves the subsection pckbd/extended_state',
    releases: '6.1 and later to 6.0 and older',
    cure: {
      code: 'old-machine-or-drop-subsection',
      property: 'extended-state=false',
      subsection: 'pckbd/extended_state',
    },
    source: 'hw/core/machine.c:hw_compat_6_0 (i8042 extended-state)',
    says: (words) => subsection(words, 'pckbd/extended_state'),
  },
  {
    id: 'gpu-scanouts',
    what: 'since 9.0 virtio-gpu saves version 2 of its scanouts',
    releases: '9.0 and later to 8.2 and older',
    cure: 'the machine type of the older release at the source: it sets x-scanout-vmstate-version=1',
    source: 'hw/core/machine.c:hw_compat_8_2 (x-scanout-vmstate-version)',
    says: (words) => /virtio-gpu[\w-]*: incoming version_id 2 is too new/.test(words),
  },
  {
    id: 'blk-ring-256',
    what: 'since 5.0 the queues of virtio-blk and virtio-scsi have 256 entries, before 128',
    releases: '5.0 and later to 4.2 and older',
    cure: 'queue-size=128 (virtio-scsi: virtqueue_size=128) at the source, or the machine type of the older release',
    source: 'hw/core/machine.c:hw_compat_4_2 (queue-size, virtqueue_size)',
    says: (words, device) => /vring\.num 256 exceeds/.test(words) && /virtio-(?:blk|scsi)/.test(device),
  },
  {
    id: 'cdrom-request',
    what: 'an emulated SCSI request that is under way is not saved before 9.1, so a guest that was reading a USB or SCSI CD-ROM may crash after the load',
    releases: 'machine types up to 9.0',
    cure: 'a machine type of 9.1 or later, or save while no CD-ROM is read',
    source: 'commit b4912afa5f; hw/core/machine.c:hw_compat_9_0 (migrate-emulated-scsi-request)',
    says: (words) => /scsi_(?:req|disk)\w*: Assertion/.test(words),
  },
];
