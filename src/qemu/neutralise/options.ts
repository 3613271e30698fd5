// Every option of QEMU's command line (5.2 to 11.1 of x86, and the options that other targets add), with the rule for a
// QEMU that is started only to answer questions. An option outside this list is refused. QEMU: qemu-options.hx. Data.

import { blockdevRule, driveRule, shortDriveRule } from './block.js';
import { memPathRule } from './memory.js';
import { netRule } from './network.js';
import { becomes, drop, keep, refuse, type Rule } from './rule.js';
import {
  audiodevRule,
  audioRule,
  characterRule,
  chardevRule,
  deviceRule,
  fsRule,
  icountRule,
  machineRule,
  objectRule,
  overcommitRule,
  setRule,
  usbdeviceRule,
} from './things.js';

interface OptionRow {
  /** Option names without dashes, separated by spaces. */
  readonly options: string;
  readonly rule: Rule;
  /** A value follows the option. */
  readonly value: boolean;
}

const rows: readonly OptionRow[] = [
  // The machine: only private memory, or files that are read.
  {
    options:
      'accel cpu smp m numa boot k uuid rtc global name L bios kernel initrd append dtb shim option-rom acpitable smbios fw_cfg vga g watchdog watchdog-action action tb-size seed msg prom-env semihosting-config soundhw compat rotate icount-sleep smp-cache',
    value: true,
    rule: keep,
  },
  {
    options:
      'enable-kvm no-acpi no-hpet no-fd-bootchk no-reboot no-shutdown nodefaults no-user-config nouserconfig nographic usb only-migratable win2k-hack rtc-td-hack tdf old-param semihosting singlestep one-insn-per-tb enable-fips enable-sync-profile show-cursor no-quit no-frame alt-grab ctrl-grab portrait vmcoreinfo',
    value: false,
    rule: keep,
  },
  { options: 'M machine', value: true, rule: machineRule },
  { options: 'device', value: true, rule: deviceRule },
  { options: 'object', value: true, rule: objectRule },
  { options: 'set', value: true, rule: setRule },
  { options: 'icount', value: true, rule: icountRule },
  { options: 'usbdevice', value: true, rule: usbdeviceRule },
  // Memory.
  { options: 'mem-path', value: true, rule: memPathRule },
  { options: 'mem-prealloc', value: false, rule: drop('memory is not filled beforehand') },
  { options: 'overcommit', value: true, rule: overcommitRule },
  { options: 'realtime', value: true, rule: drop('memory is not locked') },
  // Disks.
  { options: 'drive', value: true, rule: driveRule },
  { options: 'blockdev', value: true, rule: blockdevRule },
  { options: 'hda hdb hdc hdd cdrom fda fdb mtdblock sd pflash', value: true, rule: shortDriveRule },
  { options: 'snapshot', value: false, rule: drop('no image is opened') },
  { options: 'fsdev virtfs', value: true, rule: fsRule },
  { options: 'iscsi', value: true, rule: drop('no image is opened') },
  // Network.
  { options: 'netdev nic net', value: true, rule: netRule },
  // Character devices, screens, sound, monitors.
  { options: 'chardev', value: true, rule: chardevRule },
  { options: 'serial parallel debugcon virtioconsole', value: true, rule: characterRule },
  { options: 'monitor', value: true, rule: becomes('mstream brings its own', '-monitor', 'none') },
  { options: 'qmp qmp-pretty mon echr', value: true, rule: drop('mstream brings its own') },
  { options: 'display', value: true, rule: becomes('no window, no socket', '-display', 'none') },
  { options: 'vnc spice', value: true, rule: drop('no window, no socket') },
  { options: 'curses sdl full-screen', value: false, rule: drop('no window, no socket') },
  { options: 'audiodev', value: true, rule: audiodevRule },
  { options: 'gdb', value: true, rule: drop('no debugger is let in') },
  { options: 's', value: false, rule: drop('no debugger is let in') },
  // Options about the start, and about files that QEMU leaves behind.
  { options: 'S preconfig', value: false, rule: drop('it is started stopped, by us') },
  { options: 'incoming', value: true, rule: drop('whether it waits for a state is decided by what it is asked') },
  { options: 'loadvm', value: true, rule: drop('the state is not that of a snapshot') },
  { options: 'daemonize', value: false, rule: drop('it must end with us') },
  {
    options: 'pidfile D d dfilter trace jitdump writeconfig dump-vmstate plugin',
    value: true,
    rule: drop('it writes files'),
  },
  { options: 'perfmap', value: false, rule: drop('it writes files') },
  { options: 'runas chroot sandbox run-with', value: true, rule: drop('QEMU must be able to read the state, as us') },
  { options: 'async-teardown', value: false, rule: drop('QEMU ends with us') },
  { options: 'qtest qtest-log', value: true, rule: drop('nobody drives it') },
  {
    options: 'readconfig',
    value: true,
    rule: refuse('the options in that file are not looked at: put them on the command line'),
  },
  { options: 'add-fd', value: true, rule: refuse('open files are not handed on: give paths') },
  { options: 'tpmdev', value: true, rule: refuse('its state is kept by another process or by the host') },
  { options: 'audio', value: true, rule: audioRule },
  { options: 'xen-domid', value: true, rule: refuse('Xen guests are not asked') },
  { options: 'xen-attach xen-domid-restrict', value: false, rule: refuse('Xen guests are not asked') },
  { options: 'h help version', value: false, rule: refuse('it only prints something') },
];

export interface OptionRule {
  readonly value: boolean;
  readonly rule: Rule;
}

/** By name without dashes. */
export const optionRules: ReadonlyMap<string, OptionRule> = new Map(
  rows.flatMap(({ options, value, rule }) => options.split(' ').map((name) => [name, { value, rule }] as const)),
);
