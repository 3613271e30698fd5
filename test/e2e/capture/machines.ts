// The scenarios of other machines than x86's: each with devices of its own kind, and as a template where memory can be
// a file of a handy size. Imports its own folder.

import { aarch64Board, armBoard, ppc64Board, riscv64Board, s390xBoard } from './boards.js';
import type { Scenario } from './scenarios.js';

const disk = ['-blockdev', 'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on'];
const hub = ['-netdev', 'hubport,id=n0,hubid=0'];
/** Without option ROMs, so that no foreign code gets into the stream. */
const virtioPci = [...hub, '-device', 'virtio-net-pci,romfile=,netdev=n0', '-device', 'virtio-rng-pci'];

/** Guest memory in `mem0.img`, which the stream leaves out. */
function template(
  machine: string,
  mib: number,
  ...more: readonly string[]
): Pick<Scenario, 'argv' | 'memory' | 'capabilities'> {
  return {
    argv: [
      '-M',
      `${machine},memory-backend=mem0`,
      '-m',
      String(mib),
      '-nodefaults',
      '-object',
      `memory-backend-file,id=mem0,size=${mib}M,share=on,mem-path=mem0.img`,
      ...more,
    ],
    memory: [{ id: 'mem0', mib, keep: true }],
    capabilities: { 'x-ignore-shared': true },
  };
}

/** The lab has packages of these targets since 7.2; the releases before are not asked for. */
const since = [7, 2] as const;

/** One MiB of I/O addresses: the table has 8 bytes for each page of them, and stands in the stream whole. */
const smallWindow = ['-global', 'spapr-pci-host-bridge.dma_win_size=0x100000'];

export const machineScenarios: readonly Scenario[] = [
  {
    name: 'aarch64-virt',
    what: 'virt with two CPUs that can do all, GICv3 with its ITS, SMMUv3, virtio by mmio and PCI; `configuration/target-page-bits`',
    since,
    board: aarch64Board,
    memory: [],
    argv: [
      '-M',
      'virt,gic-version=3,iommu=smmuv3',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '2',
      '-nodefaults',
      ...disk,
      '-device',
      'virtio-blk-device,drive=disk0',
      ...virtioPci,
    ],
  },
  {
    name: 'aarch64-virt-ignore-shared',
    what: 'virt with x-ignore-shared',
    since,
    board: aarch64Board,
    ...template('virt', 2, '-cpu', 'cortex-a57'),
  },
  {
    name: 'arm-microbit',
    what: 'a Cortex-M0: target pages of 1 KiB, and no subsection that says so',
    since,
    board: armBoard,
    memory: [],
    argv: ['-M', 'microbit', '-nodefaults'],
  },
  {
    name: 'riscv64-virt',
    what: 'virt with two CPUs with vectors and hypervisor, AIA, virtio by mmio and PCI',
    since,
    board: riscv64Board,
    memory: [],
    argv: [
      '-M',
      'virt,aia=aplic-imsic,aia-guests=1',
      '-cpu',
      'rv64,v=true,h=true',
      '-smp',
      '2',
      '-m',
      '4',
      '-nodefaults',
      ...disk,
      '-device',
      'virtio-blk-device,drive=disk0',
      ...virtioPci,
    ],
  },
  {
    name: 'riscv64-virt-ignore-shared',
    what: 'virt with x-ignore-shared',
    since,
    board: riscv64Board,
    ...template('virt', 4),
  },
  {
    name: 'ppc64-pseries',
    what: 'pseries with two CPUs, a hash page table that the guest filled (`spapr/htab`), spapr-vscsi, spapr-vlan, virtio by PCI',
    since,
    board: ppc64Board,
    memory: [],
    argv: [
      '-M',
      'pseries',
      '-smp',
      '2',
      '-m',
      '256',
      '-nodefaults',
      ...smallWindow,
      ...disk,
      '-device',
      'spapr-vscsi,id=scsi0',
      '-device',
      'scsi-hd,bus=scsi0.0,drive=disk0',
      ...hub,
      '-device',
      'spapr-vlan,netdev=n0',
      '-device',
      'virtio-rng-pci',
    ],
  },
  {
    name: 'ppc64-pseries-live',
    what: 'the guest runs on and changes its hash page table: chunks of `spapr/htab` that say which entries went',
    since,
    board: ppc64Board,
    memory: [],
    argv: ['-M', 'pseries', '-m', '256', '-nodefaults', ...smallWindow],
    parameters: { 'max-bandwidth': 128 * 1024, 'downtime-limit': 1 },
    liveRounds: 3,
  },
  {
    // No PCI device: each would bring a zpci, which QEMU does not migrate.
    name: 's390x-ccw',
    what: 's390-ccw-virtio with two CPUs, storage keys in use (`s390-skeys`), the clock (`todclock`), virtio by channel',
    since,
    board: s390xBoard,
    memory: [],
    argv: [
      '-M',
      's390-ccw-virtio',
      '-smp',
      '2',
      '-m',
      '3',
      '-nodefaults',
      ...disk,
      '-device',
      'virtio-blk-ccw,drive=disk0',
      ...hub,
      '-device',
      'virtio-net-ccw,netdev=n0',
      '-device',
      'virtio-rng-ccw',
      '-device',
      'diag288',
    ],
  },
  {
    name: 's390x-ccw-ignore-shared',
    what: 's390-ccw-virtio with x-ignore-shared',
    since,
    board: s390xBoard,
    ...template('s390-ccw-virtio', 3),
  },
];
