// libvirt itself as a judge: the libvirts of two Debian suites, unpacked into the lab beside their QEMUs, and run in a
// root of their own by unshare and chroot. virsh's embedded driver needs no daemon. A process namespace ends with
// virsh, and so does every QEMU in it: none is left over, whatever happens. Imports qemu/lab.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLab, qemuSkipReason, type LabQemu } from '../../../src/qemu/lab.js';

/** Root alone may chroot and unshare. */
export const libvirtSkip =
  qemuSkipReason() ??
  (process.getuid?.() === 0 ? undefined : 'libvirt runs in a chroot, which needs root: run the tests as root');

const packages = [
  ...['libvirt-daemon-driver-qemu', 'libvirt-daemon-common', 'libvirt-clients'],
  ...['gzip', 'bzip2', 'xz-utils', 'lzop', 'zstd'],
];

/** trixie with libvirt 11.3 and QEMU 10.0, sid with libvirt 12.8 and QEMU 11.1; none where they are skipped. */
export const libvirts: readonly LabQemu[] =
  libvirtSkip === undefined
    ? await openLab({ suites: ['trixie', 'sid'], packages, progress: (line) => console.error(line) })
    : [];

/** What libvirt and this process both see: `/w` inside. */
export const exchange = mkdtempSync(join(tmpdir(), 'mstream-libvirt-'));
process.once('exit', () => rmSync(exchange, { recursive: true, force: true }));

const setUp = `
set -e
root=$1 exchange=$2; shift 2
mount -t tmpfs tmpfs "$exchange/jail"
cd "$exchange/jail"
mkdir usr etc dev proc sys tmp run var root w var/lib var/log var/run var/cache
ln -s usr/bin bin; ln -s usr/sbin sbin; ln -s usr/lib lib; ln -s usr/lib64 lib64
mount --bind "$root/usr" usr; mount --rbind /dev dev; mount --rbind /sys sys; mount -t proc proc proc
mount --bind "$exchange" w
echo 'root:x:0:0:root:/root:/bin/sh
libvirt-qemu:x:64055:64055::/:/bin/false' >etc/passwd
echo 'root:x:0:
kvm:x:104:
tss:x:105:
libvirt-qemu:x:64055:' >etc/group
env -i PATH=/usr/bin:/usr/sbin LC_ALL=C chroot . "$@"
`;

const configuration = `user="root"
group="root"
security_driver="none"
remember_owner=0
namespaces=[]
cgroup_controllers=[]
stdio_handler="file"
`;

/** A load that hangs does so for ever (a format word that lies). Milliseconds for one session. */
const TIMEOUT = 180_000;

/** Runs commands of virsh in one session. What it printed, errors included. @throws Error after the timeout */
export async function virsh({ suite, root }: LabQemu, commands: readonly string[]): Promise<string> {
  mkdirSync(join(exchange, suite, 'etc'), { recursive: true });
  mkdirSync(join(exchange, 'jail'), { recursive: true });
  writeFileSync(join(exchange, suite, 'etc/qemu.conf'), configuration);
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child=KILL', 'sh', '-c', setUp, 'sh', root, exchange],
      ...['/usr/bin/virsh', '-q', '-c', `qemu:///embed?root=/w/${suite}`],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, TIMEOUT);
  child.stdin.end(`${commands.join('\n')}\n`);
  await once(child, 'close');
  clearTimeout(timer);
  if (hung) throw new Error(`virsh did not end within ${TIMEOUT / 1000} s:\n${said}`);
  return said;
}

/** A guest of 16 MiB with our firmware, which counts for ever. */
export const domain = (machine: string): string =>
  `<domain type='qemu'><name>d1</name><uuid>11111111-2222-3333-4444-555555555555</uuid><memory unit='MiB'>16</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='${machine}'>hvm</type><loader readonly='yes' type='rom'>/w/guest.bin</loader></os>
<features><acpi/></features><devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model='none'/>
<controller type='usb' model='none'/></devices></domain>
`;

/** The command of virsh that prints the guest's counter. */
export const LOOK = 'qemu-monitor-command d1 --hmp "xp /1wx 0x7000"';

/** The counters that a session printed, in order. */
export function counters(said: string): number[] {
  return [...said.matchAll(/0*7000: 0x([0-9a-f]{8})/g)].map((match) => Number.parseInt(match[1]!, 16));
}
