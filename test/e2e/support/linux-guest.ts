// A real Linux guest: Debian's cloud kernel and a static busybox, unpacked (not installed) by the lab's own package
// mechanism, with an initramfs of ours whose init script ticks on the serial console. User space after five to
// seventeen seconds under TCG. The initramfs is cached beside the lab. Imports qemu/ and its own folder.

import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { labFolder, openLab } from '../../../src/qemu/lab.js';
import type { Machine } from '../../../src/qemu/machine.js';
import { until } from '../../../src/qemu/qmp/wait.js';
import { cpioArchive, type CpioEntry } from './cpio.js';

const PACKAGES = ['linux-image-cloud-amd64', 'busybox-static'];

/** In the order in which they must be loaded; the kernel has virtio only as modules. */
const MODULES = [
  'failover',
  'net_failover',
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
  'virtio_net',
  'virtio-rng',
  'virtio_balloon',
];

/** Tells the device vmcoreinfo where the kernel's note stands. */
const FW_CFG = 'qemu_fw_cfg';

/** What the guest writes when its first tick is through. */
export const GUEST_READY = 'guest ready hash ';

export interface LinuxGuest {
  readonly kernel: string;
  readonly initramfs: string;
  /** The kernel's release, e.g. `6.1.0-50-cloud-amd64`. */
  readonly release: string;
}

export interface GuestOptions {
  /** The file behind ttyS0. */
  readonly serial: string;
  /** A raw image of `makeDisk`, as virtio-blk. */
  readonly disk?: string;
  /** virtio-net on a user netdev, which the guest pings. */
  readonly net?: boolean;
  /** CPUs, 1 by default. */
  readonly cpus?: number;
  /** The kernel's note about itself, by the device vmcoreinfo. */
  readonly vmcoreinfo?: boolean;
}

/** One line of the guest's. `disk` and `ping`: `ok`, `bad` or `lost`, `-` without such a device. */
export interface Tick {
  readonly n: number;
  /** Seconds since its boot, by its own clock. */
  readonly up: number;
  readonly disk: string;
  /** What `makeDisk` or `labelDisk` wrote. */
  readonly label: string;
  readonly ping: string;
  readonly hash: string;
}

/**
 * The guest, or why its packages cannot be had, as one line. @throws Error when they can but do not hold what they
 * should.
 */
export async function openLinuxGuest(
  progress: (line: string) => void = () => undefined,
): Promise<LinuxGuest | { readonly unavailable: string }> {
  const opened = await openLab({ suites: ['bookworm'], packages: PACKAGES, progress }).then(
    ([qemu]) => qemu,
    (error: unknown) => ({ unavailable: error instanceof Error ? error.message : String(error) }),
  );
  if (opened === undefined) throw new Error('the lab has no bookworm');
  if ('unavailable' in opened) return opened;
  const { root } = opened;
  const releases = (await readdir(join(root, 'lib/modules'))).sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const release = releases.at(-1);
  if (release === undefined) throw new Error(`${root} holds no kernel`);
  const kernel = join(root, 'boot', `vmlinuz-${release}`);
  await access(kernel);
  return { kernel, initramfs: await buildInitramfs(root, release), release };
}

async function buildInitramfs(root: string, release: string): Promise<string> {
  const modules = join(root, 'lib/modules', release, 'kernel');
  const paths = (await readdir(modules, { recursive: true })).filter((path) => path.endsWith('.ko'));
  const data = async (name: string): Promise<CpioEntry> => {
    const path = paths.find((each) => basename(each, '.ko') === name);
    if (path === undefined) throw new Error(`${modules} holds no ${name}.ko`);
    return { name: `modules/${name}.ko`, kind: 'file', data: await readFile(join(modules, path)) };
  };
  const archive = cpioArchive([
    ...['bin', 'dev', 'mem', 'modules', 'proc', 'sys'].map((name): CpioEntry => ({ name, kind: 'folder' })),
    { name: 'init', kind: 'file', executable: true, data: await readFile(new URL('linux-init.sh', import.meta.url)) },
    { name: 'bin/busybox', kind: 'file', executable: true, data: await readFile(join(root, 'bin/busybox')) },
    { name: 'modules/order', kind: 'file', data: Buffer.from(MODULES.map((name) => `${name}.ko\n`).join('')) },
    ...(await Promise.all([...MODULES, FW_CFG].map(data))),
  ]);
  const folder = join(dirname(labFolder()), 'guest');
  const file = join(folder, `initramfs-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}.gz`);
  if (
    await access(file).then(
      () => true,
      () => false,
    )
  )
    return file;
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.${process.pid}`, gzipSync(archive));
  await rename(`${file}.${process.pid}`, file);
  return file;
}

/** QEMU's options for the guest: 128 MiB, one CPU, nothing but a serial console and what is asked for. */
export function guestArgv(guest: LinuxGuest, { serial, disk, net, cpus = 1, vmcoreinfo }: GuestOptions): string[] {
  const virtio = disk !== undefined || net === true;
  return [
    ...['-m', '128', '-smp', String(cpus), '-nodefaults', '-vga', 'none', '-serial', `file:${serial}`],
    ...['-kernel', guest.kernel, '-initrd', guest.initramfs],
    ...[
      '-append',
      `console=ttyS0 quiet tsc=unstable${virtio ? ' guest_virtio=1' : ''}${vmcoreinfo === true ? ' guest_fw_cfg=1' : ''}`,
    ],
    ...(disk === undefined
      ? []
      : ['-drive', `file=${disk},format=raw,if=none,id=disk0`, '-device', 'virtio-blk-pci,drive=disk0']),
    ...(vmcoreinfo === true ? ['-device', 'vmcoreinfo'] : []),
    ...(net === true ? ['-netdev', 'user,id=net0', '-device', 'virtio-net-pci,netdev=net0,romfile='] : []),
  ];
}

/** The guest reads the label's sector at each tick, not from its page cache. */
function labelSector(label: string): Buffer {
  if (/[;'\n]/.test(label)) throw new Error(`no such label: ${label}`);
  return Buffer.from(`${label};`.padEnd(511) + '\n', 'latin1');
}

/** An empty disk of 1 MiB with a label. */
export async function makeDisk(file: string, label: string): Promise<void> {
  const disk = Buffer.alloc(1 << 20);
  labelSector(label).copy(disk);
  await writeFile(file, disk);
}

/** A copy of a disk under another label, for another VM. */
export async function copyDisk(from: string, to: string, label: string): Promise<void> {
  const disk = await readFile(from);
  labelSector(label).copy(disk);
  await writeFile(to, disk);
}

const TICK = /^tick (\d+) up ([\d.]+) disk (\S+) label '([^'\n]*)' ping (\S+) hash ([0-9a-f]{32})$/;

/** All ticks that a console holds in full. */
export function ticksOf(console_: string): Tick[] {
  return console_
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      const found = TICK.exec(line.trimEnd());
      if (found === null) return [];
      const [, n, up, disk = '', label = '', ping = '', hash = ''] = found;
      return [{ n: Number(n), up: Number(up), disk, label, ping, hash }];
    });
}

/**
 * Waits until the console has a tick after the given number, and answers the whole console. @throws Timeout, QemuDied.
 */
export async function waitForTick(
  machine: Machine,
  serial: string,
  after: number,
  timeoutMs = 60_000,
): Promise<string> {
  let seen = '';
  const look = async (): Promise<string | undefined> => {
    machine.process.throwIfDead(`before tick ${after + 1}`);
    seen = await readFile(serial, 'latin1').catch(() => '');
    return ticksOf(seen).some(({ n }) => n > after) ? seen : undefined;
  };
  return until(look, {
    timeoutMs,
    what: `a tick after ${after} in ${serial}`,
    lastSeen: () => JSON.stringify(seen.slice(-200)),
  });
}
