// The scenarios of fixtures/streams as one table: what each adds to the plain machine, which releases can do it, how
// the bytes travel. To add one, add a row. Those of other machines than x86's are in machines.ts. Imports types only.

import type { Machine } from '../../../src/qemu/machine.js';
import type { Board } from './boards.js';

/** Where the stream goes: through `cat`, into `file:`, or over a Unix socket to a second QEMU with a tee between. */
export type Transport = 'exec' | 'file' | 'socket';

export interface Scenario {
  readonly name: string;
  /** What the folder is a fixture of, for fixtures/README.md. */
  readonly what: string;
  /** Releases that can do it, inclusive: [first, last] as major.minor. */
  readonly since?: readonly [number, number];
  readonly until?: readonly [number, number];
  /** The x86 one by default. */
  readonly board?: Board;
  readonly argv: readonly string[];
  /** `mem0` and its size in MiB when guest memory is a file (share=on), and whether the fixture keeps that file. */
  readonly memory: readonly { readonly id: string; readonly mib: number; readonly keep: boolean }[];
  /** Another guest than the board's. */
  readonly guest?: 'guest-dirty.bin';
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly transport?: Transport;
  /** The guest runs on while its memory is sent, for so many rounds. */
  readonly liveRounds?: number;
  /** Or until so many pages went as XBZRLE, after which the migration may also end by itself. */
  readonly xbzrlePages?: number;
  /** Switched to postcopy after so many rounds. */
  readonly postcopy?: boolean;
  /** The guest is left running, without any round to wait for (background-snapshot). */
  readonly running?: boolean;
  /** Before the migration, once the guest is ready. */
  readonly prepare?: (machine: Machine) => Promise<void>;
}

const tiny = ['-nodefaults', '-vga', 'none'];

/** Guest memory as a file of its own id; the block is called after it. */
function oneBlock(id: string, mib: number): Pick<Scenario, 'memory'> & { readonly options: readonly string[] } {
  return {
    memory: [{ id, mib, keep: false }],
    options: ['-object', `memory-backend-file,id=${id},size=${mib}M,share=on,mem-path=${id}.img`],
  };
}

function pc(extra: readonly string[] = [], machine = 'pc'): Pick<Scenario, 'argv' | 'memory'> {
  const { memory, options } = oneBlock('pc.ram', 2);
  return { memory, argv: ['-M', `${machine},memory-backend=pc.ram`, '-m', '2', ...options, ...tiny, ...extra] };
}

const anonymous: Pick<Scenario, 'argv' | 'memory'> = { argv: ['-M', 'pc', '-m', '2', ...tiny], memory: [] };

const sharedFile: Pick<Scenario, 'argv' | 'memory'> = {
  argv: [
    '-M',
    'pc',
    '-m',
    '2',
    '-object',
    'memory-backend-file,id=mem0,size=2M,share=on,mem-path=mem0.img',
    '-numa',
    'node,memdev=mem0',
    ...tiny,
  ],
  memory: [{ id: 'mem0', mib: 2, keep: true }],
};

/** Devices without option ROMs, so that no foreign code gets into the stream. */
const devices = [
  '-smp',
  '2',
  '-device',
  'pcie-root-port,id=rp0,chassis=1,slot=1',
  '-device',
  'e1000e,romfile=,bus=rp0,netdev=n0',
  '-netdev',
  'hubport,id=n0,hubid=0',
  '-device',
  'virtio-net-pci,romfile=,netdev=n1',
  '-netdev',
  'hubport,id=n1,hubid=0',
  '-blockdev',
  'driver=null-co,node-name=disk0,size=1048576,read-zeroes=on',
  '-device',
  'virtio-blk-pci,drive=disk0',
  '-blockdev',
  'driver=null-co,node-name=disk1,size=1048576,read-zeroes=on',
  '-device',
  'virtio-scsi-pci,id=scsi0',
  '-device',
  'scsi-hd,bus=scsi0.0,drive=disk1',
  '-blockdev',
  'driver=null-co,node-name=disk2,size=1048576,read-zeroes=on',
  '-device',
  'ide-hd,bus=ide.0,drive=disk2',
  '-device',
  'virtio-rng-pci',
  '-device',
  'virtio-balloon-pci',
  '-device',
  'virtio-serial-pci',
  '-device',
  'virtserialport,chardev=c0',
  '-chardev',
  'null,id=c0',
  '-device',
  'qemu-xhci',
  '-device',
  'usb-tablet',
  '-device',
  'ich9-intel-hda',
  '-audiodev',
  'none,id=a0',
  '-device',
  'hda-duplex,audiodev=a0',
  '-device',
  'i6300esb',
  '-device',
  'pvpanic',
  '-device',
  'vmgenid',
  '-device',
  'isa-serial,chardev=c1',
  '-chardev',
  'null,id=c1',
];

const q35 = oneBlock('pc.ram', 2);
const micro = oneBlock('microvm.ram', 2);

/**
 * So slow that a working guest hardly ever converges by itself (a limit of 0 always does: QEMU then never looks for
 * dirty pages again). Bytes a second; milliseconds.
 */
const slow = { 'max-bandwidth': 128 * 1024, 'downtime-limit': 1 };

/** A bitmap on a disk without a file, with two dirty stretches. */
async function dirtyBitmap(machine: Machine): Promise<void> {
  await machine.execute('block-dirty-bitmap-add', { node: 'disk0', name: 'backup', granularity: 65_536 });
  await machine.execute('block-dirty-bitmap-add', {
    node: 'disk0',
    name: 'disabled',
    granularity: 4096,
    disabled: true,
  });
  await machine.hmp('qemu-io disk0 "write 0 64k"');
  await machine.hmp('qemu-io disk0 "write 4M 192k"');
}

export const scenarios: readonly Scenario[] = [
  { name: 'plain', what: 'a stopped pc, no capability', ...pc() },
  {
    name: 'ignore-shared',
    what: 'x-ignore-shared: the memory is in mem0.img, not in the stream',
    ...sharedFile,
    capabilities: { 'x-ignore-shared': true },
  },
  {
    name: 'ignore-shared-2nodes',
    what: 'x-ignore-shared with two NUMA nodes: one shared file (not sent), one private block (sent)',
    argv: [
      '-M',
      'pc',
      '-m',
      '4',
      '-object',
      'memory-backend-file,id=mem0,size=2M,share=on,mem-path=mem0.img',
      '-object',
      'memory-backend-ram,id=mem1,size=2M',
      '-numa',
      'node,memdev=mem0',
      '-numa',
      'node,memdev=mem1',
      ...tiny,
    ],
    memory: [{ id: 'mem0', mib: 2, keep: true }],
    capabilities: { 'x-ignore-shared': true },
  },
  {
    name: 'live-xbzrle',
    what: 'a guest that runs on and changes small parts of 16 pages; pages are sent again, as XBZRLE records',
    ...pc(),
    guest: 'guest-dirty.bin',
    capabilities: { xbzrle: true },
    parameters: { ...slow, 'xbzrle-cache-size': 4 * 1024 * 1024 },
    liveRounds: 100,
    xbzrlePages: 16,
  },
  {
    name: 'live',
    what: 'the same guest without xbzrle: pages resent whole',
    ...pc(),
    guest: 'guest-dirty.bin',
    parameters: slow,
    liveRounds: 4,
  },
  { name: 'compress', what: 'COMPRESS_PAGE records', until: [8, 2], ...pc(), capabilities: { compress: true } },
  {
    name: 'q35-devices',
    what: 'q35 with two CPUs and twenty devices',
    argv: ['-M', 'q35,memory-backend=pc.ram', '-m', '2', ...q35.options, ...tiny, ...devices],
    memory: q35.memory,
  },
  {
    name: 'microvm',
    what: 'the microvm machine with a virtio-mmio device',
    argv: [
      '-M',
      'microvm,memory-backend=microvm.ram',
      '-m',
      '2',
      ...micro.options,
      ...tiny,
      '-device',
      'virtio-rng-device',
    ],
    memory: micro.memory,
  },
  {
    name: 'no-vmdesc',
    what: 'machine property suppress-vmdesc: nothing after EOF',
    ...pc([], 'pc,suppress-vmdesc=on'),
  },
  {
    name: 'no-configuration',
    what: 'migration.send-configuration=off: no configuration section (10.0 and 11.1 abort: json-writer.c)',
    until: [8, 2],
    ...pc(['-global', 'migration.send-configuration=off']),
  },
  {
    name: 'no-footers',
    what: 'migration.send-section-footer=off: no section footers',
    ...pc(['-global', 'migration.send-section-footer=off']),
  },
  {
    name: 'uuid',
    what: 'capability validate-uuid: configuration/uuid',
    ...pc(['-uuid', '6d737472-6561-6d00-8000-0123456789ab']),
    capabilities: { 'validate-uuid': true },
  },
  {
    name: 'dirty-bitmaps',
    what: 'capability dirty-bitmaps: two bitmaps of a disk, 0-byte POSTCOPY_ADVISE',
    ...pc([
      '-blockdev',
      'driver=null-co,node-name=disk0,size=16777216,read-zeroes=on',
      '-device',
      'virtio-blk-pci,drive=disk0',
    ]),
    capabilities: { 'dirty-bitmaps': true },
    prepare: dirtyBitmap,
  },
  {
    name: 'return-path',
    what: 'capability return-path over a socket: OPEN_RETURN_PATH, PING; the answers in return0',
    ...pc(),
    transport: 'socket',
    capabilities: { 'return-path': true },
  },
  {
    name: 'multifd',
    what: 'multifd with two channels: chan0 the main stream, chan1 and chan2 packets',
    ...pc(),
    transport: 'socket',
    capabilities: { multifd: true },
    parameters: { 'multifd-channels': 2 },
  },
  {
    name: 'multifd-zlib',
    what: 'multifd, pages compressed with zlib: one stream a channel, flushed with every packet',
    since: [5, 0],
    ...pc(),
    transport: 'socket',
    capabilities: { multifd: true },
    parameters: { 'multifd-channels': 2, 'multifd-compression': 'zlib' },
  },
  {
    name: 'multifd-zstd',
    what: 'multifd, pages compressed with zstd: one frame a channel, which never ends',
    since: [7, 0],
    ...pc(),
    transport: 'socket',
    capabilities: { multifd: true },
    parameters: { 'multifd-channels': 2, 'multifd-compression': 'zstd' },
  },
  {
    name: 'postcopy',
    what: 'switched to postcopy: ADVISE, RAM_DISCARD, PACKAGED, pages on request; the answers in return0',
    ...anonymous,
    guest: 'guest-dirty.bin',
    transport: 'socket',
    capabilities: { 'postcopy-ram': true },
    parameters: slow,
    liveRounds: 2,
    postcopy: true,
  },
  {
    name: 'postcopy-ready',
    what: 'postcopy-ram on, never switched: ADVISE and the plain grammar',
    ...anonymous,
    transport: 'socket',
    capabilities: { 'postcopy-ram': true },
  },
  {
    name: 'postcopy-preempt',
    what: 'postcopy with its urgent second channel (chan1: page records only)',
    since: [7, 1],
    ...anonymous,
    guest: 'guest-dirty.bin',
    transport: 'socket',
    capabilities: { 'postcopy-ram': true, 'postcopy-preempt': true },
    parameters: slow,
    liveRounds: 2,
    postcopy: true,
  },
  {
    name: 'background-snapshot',
    what: 'capability background-snapshot: no END of ram',
    since: [6, 0],
    ...anonymous,
    capabilities: { 'background-snapshot': true },
    running: true,
  },
  {
    name: 'mapped-ram',
    what: 'mapped-ram into file:',
    since: [9, 0],
    ...pc(),
    transport: 'file',
    capabilities: { 'mapped-ram': true },
  },
  {
    name: 'mapped-ram-multifd',
    what: 'mapped-ram written by two multifd threads',
    since: [9, 0],
    ...pc(),
    transport: 'file',
    capabilities: { 'mapped-ram': true, multifd: true },
    parameters: { 'multifd-channels': 2 },
  },
  {
    name: 'mapped-ram-ignore-shared',
    what: 'mapped-ram and x-ignore-shared together',
    since: [11, 0],
    ...sharedFile,
    transport: 'file',
    capabilities: { 'mapped-ram': true, 'x-ignore-shared': true },
  },
];

/** Whether a release (7.2.22) can do a scenario. */
export function supports(scenario: Scenario, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const at = major * 1000 + minor;
  const [since, until] = [scenario.since, scenario.until];
  return (
    (since === undefined || at >= since[0] * 1000 + since[1]) &&
    (until === undefined || at <= until[0] * 1000 + until[1])
  );
}
