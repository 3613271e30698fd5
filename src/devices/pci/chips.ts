// The registers that PCI devices have in configuration space beside the header and the capabilities: by vendor and
// device. Each table is whole: an offset that is not in it is reserved. From the data sheets of the chips that
// QEMU plays (82441FX, 82371SB, 82371AB, Q35 MCH, ICH9, 6300ESB) and the xHCI, EHCI and UHCI standards; registers
// that only QEMU has are marked.

import type { FieldSchema } from '../../vmstate/index.js';
import { array, field, numberedOpaque, numberedReserved } from '../rule.js';

/** Offset, name, bytes (little-endian), and how many of them when it is not one. */
type Register = readonly [at: number, name: string, size: 1 | 2 | 3 | 4 | 8, count?: number];

const types = { 1: 'uint8', 2: 'le16', 3: 'le24', 4: 'le32', 8: 'le64' } as const;

const i440fx: readonly Register[] = [
  [0x50, 'pmccfg', 2],
  [0x52, 'deturbo', 1],
  [0x53, 'dbc', 1],
  [0x54, 'axc', 1],
  [0x55, 'drt', 2],
  // DRAM control on the chip; QEMU keeps the size of memory in it, for coreboot.
  [0x57, 'ram_size', 1],
  [0x58, 'dramt', 1],
  [0x59, 'pam', 1, 7],
  [0x60, 'drb', 1, 8],
  [0x68, 'fdhc', 1],
  [0x70, 'mtt', 1],
  [0x71, 'clt', 1],
  [0x72, 'smram', 1],
  [0x90, 'errcmd', 1],
  [0x91, 'errsts', 1],
  [0x93, 'trc', 1],
];

const piix3: readonly Register[] = [
  [0x4c, 'iort', 1],
  [0x4e, 'xbcs', 2],
  [0x60, 'pirq_route', 1, 4],
  [0x69, 'tom', 1],
  [0x6a, 'mstat', 2],
  [0x70, 'mbirq', 1, 2],
  [0x76, 'mbdma', 1, 2],
  [0x78, 'pcsc', 2],
  [0x80, 'apicbase', 1],
  [0x82, 'dlc', 1],
  [0xa0, 'smicntl', 1],
  [0xa2, 'smien', 2],
  [0xa4, 'see', 4],
  [0xa8, 'ftmr', 1],
  [0xaa, 'smireq', 2],
  [0xac, 'ctltmr', 1],
  [0xae, 'cthtmr', 1],
];

const piixIde: readonly Register[] = [
  [0x40, 'idetim', 2, 2],
  [0x44, 'sidetim', 1],
  [0x48, 'udmactl', 1],
  [0x4a, 'udmatim', 2],
];

const piix4Pm: readonly Register[] = [
  [0x40, 'pmba', 4],
  [0x44, 'cnta', 4],
  [0x48, 'cntb', 4],
  [0x4c, 'gpictl', 4],
  [0x50, 'devresd', 3],
  [0x54, 'devacta', 4],
  [0x58, 'devactb', 4],
  [0x5c, 'devresa', 4],
  [0x60, 'devresb', 4],
  [0x64, 'devresc', 4],
  [0x68, 'devrese', 3],
  [0x6c, 'devresf', 4],
  [0x70, 'devresg', 3],
  [0x74, 'devresh', 4],
  [0x78, 'devresi', 4],
  [0x7c, 'devresj', 4],
  [0x80, 'pmregmisc', 1],
  [0x90, 'smbba', 4],
  [0xd2, 'smbhstcfg', 1],
  [0xd3, 'smbslvc', 1],
  [0xd4, 'smbshdw', 1, 2],
  [0xd6, 'smbrev', 1],
];

const q35: readonly Register[] = [
  [0x40, 'epbar', 8],
  [0x48, 'mchbar', 8],
  // Only QEMU: how much SMRAM it can offer.
  [0x50, 'ext_tseg_mbytes', 2],
  [0x52, 'ggc', 2],
  [0x54, 'deven', 4],
  [0x60, 'pciexbar', 8],
  [0x68, 'dmibar', 8],
  [0x90, 'pam', 1, 7],
  [0x97, 'lac', 1],
  [0x98, 'remapbase', 2],
  [0x9a, 'remaplimit', 2],
  // Only QEMU: SMRAM at the default SMBASE.
  [0x9c, 'f_smbase', 1],
  [0x9d, 'smram', 1],
  [0x9e, 'esmramc', 1],
  [0xa0, 'tom', 2],
  [0xa2, 'touud', 2],
  [0xa4, 'gbsm', 4],
  [0xa8, 'bgsm', 4],
  [0xac, 'tsegmb', 4],
  [0xb0, 'tolud', 2],
  [0xc8, 'errsts', 2],
  [0xca, 'errcmd', 2],
  [0xcc, 'smicmd', 2],
  [0xdc, 'skpd', 4],
  [0xe0, 'capid0', 8],
];

const ich9Lpc: readonly Register[] = [
  [0x40, 'pmbase', 4],
  [0x44, 'acpi_cntl', 1],
  [0x48, 'gpiobase', 4],
  [0x4c, 'gc', 1],
  [0x60, 'pirq_route', 1, 4],
  [0x64, 'sirq_cntl', 1],
  [0x68, 'pirq_route_e', 1, 4],
  [0x6c, 'lpc_ibdf', 2],
  [0x70, 'lpc_hbdf', 2, 8],
  [0x80, 'lpc_io_dec', 2],
  [0x82, 'lpc_en', 2],
  [0x84, 'gen_dec', 4, 4],
  [0xa0, 'gen_pmcon_1', 2],
  [0xa2, 'gen_pmcon_2', 1],
  [0xa4, 'gen_pmcon_3', 2],
  [0xa6, 'gen_pmcon_lock', 1],
  [0xa9, 'cx_state_cnf', 1],
  [0xaa, 'c4_timing_cnt', 1],
  [0xab, 'bm_break_en', 1],
  [0xac, 'pmir', 4],
  [0xb8, 'gpi_rout', 4],
  [0xd0, 'fwh_sel1', 4],
  [0xd4, 'fwh_sel2', 2],
  [0xd8, 'fwh_dec_en1', 2],
  [0xdc, 'bios_cntl', 1],
  [0xe0, 'fdcap', 2],
  [0xe2, 'fdlen', 1],
  [0xe3, 'fdver', 1],
  [0xe4, 'fdvct', 8],
  [0xf0, 'rcba', 4],
];

const ich9Ahci: readonly Register[] = [
  [0x40, 'ide_tim', 2, 2],
  [0x44, 'sidetim', 1],
  [0x48, 'sdma_cnt', 1],
  [0x4a, 'sdma_tim', 2],
  [0x54, 'ide_config', 4],
  [0x90, 'map', 2],
  [0x92, 'pcs', 2],
  [0x94, 'sclkcg', 4],
  [0x9c, 'sclkgc', 4],
  [0xc0, 'atc', 1],
  [0xc4, 'ats', 1],
  [0xd0, 'sp', 4],
  [0xe0, 'bfcs', 4],
  [0xe4, 'bftd', 4, 2],
];

const hda: readonly Register[] = [
  [0x40, 'hdctl', 1],
  [0x44, 'tcsel', 1],
  [0x4c, 'dckctl', 1],
  [0x4d, 'dcksts', 1],
];
const xhci: readonly Register[] = [
  [0x60, 'sbrn', 1],
  [0x61, 'fladj', 1],
  [0x62, 'dbesl', 1],
];
const ehci: readonly Register[] = [
  [0x60, 'sbrn', 1],
  [0x61, 'fladj', 1],
  [0x62, 'port_wake_cap', 2],
  [0x68, 'usblegsup', 4],
  [0x6c, 'usblegctlsts', 4],
];
const uhci: readonly Register[] = [
  [0x60, 'sbrn', 1],
  // Only QEMU.
  [0x6a, 'usb_clock', 1],
  [0xc0, 'usb_legkey', 2],
  [0xc4, 'usb_res', 1],
  [0xc8, 'cwp', 1],
];
const none: readonly Register[] = [];

const INTEL = 0x8086;
/** By vendor, then device. */
const chips: Readonly<Record<number, Readonly<Record<number, readonly Register[]>>>> = {
  [INTEL]: {
    0x1237: i440fx,
    0x7000: piix3,
    0x7010: piixIde,
    0x7111: piixIde,
    0x7113: piix4Pm,
    0x7020: uhci,
    0x29c0: q35,
    0x2918: ich9Lpc,
    0x2922: ich9Ahci,
    0x2930: [[0x40, 'hostc', 1]],
    0x2668: hda,
    0x293e: hda,
    0x2934: uhci,
    0x2935: uhci,
    0x2936: uhci,
    0x2937: uhci,
    0x2938: uhci,
    0x2939: uhci,
    0x293a: ehci,
    0x293c: ehci,
    0x25ab: [
      [0x60, 'config', 2],
      [0x68, 'lock', 1],
    ],
    // Ethernet: all that they have stands in capabilities.
    0x100e: none,
    0x100f: none,
    0x1004: none,
    0x10d3: none,
    0x10c9: none,
    0x10ca: none,
    // AC97.
    0x2415: [
      [0x40, 'pcid', 1],
      [0x41, 'cfg', 1],
    ],
  },
  0x1000: { 0x0012: none },
  0x10ec: { 0x8139: none },
  0x1033: { 0x0194: xhci },
  // VMware's paravirtual devices.
  0x15ad: { 0x0405: none, 0x07b0: none, 0x07c0: none },
  0x1b36: { 0x000d: xhci },
};

/** Vendors whose devices only QEMU has: all that they have stands in capabilities. */
const virtual: ReadonlySet<number> = new Set([0x1af4, 0x1b36, 0x1234]);

/** Bytes `start` to `end` of a device's configuration space, where neither header nor capabilities are. */
export function registerFields(vendor: number, device: number, start: number, end: number): FieldSchema[] {
  const registers = chips[vendor]?.[device] ?? (virtual.has(vendor) ? none : undefined);
  if (registers === undefined)
    return words(start, end, (name, size, count) =>
      numberedOpaque(name, types[size], size, count, 'a register of the device'),
    );
  const fields: FieldSchema[] = [];
  const reserved = (from: number, to: number): FieldSchema[] =>
    words(from, to, (name, size, count) => numberedReserved(name, types[size], size, count, 'reserved in this device'));
  let at = start;
  for (const [offset, name, size, count] of registers) {
    const after = offset + size * (count ?? 1);
    if (offset < at || after > end) continue;
    fields.push(
      ...reserved(at, offset),
      count === undefined ? field(name, types[size], size) : array(name, types[size], size, count),
    );
    at = after;
  }
  return [...fields, ...reserved(at, end)];
}

/** 32-bit words where they are aligned, bytes before and behind; named by the offset of the first. */
function words(
  start: number,
  end: number,
  make: (name: string, size: 1 | 4, count: number) => FieldSchema,
): FieldSchema[] {
  const aligned = Math.min(end, (start + 3) & ~3);
  const whole = aligned + ((end - aligned) & ~3);
  const name = (at: number): string => `at_${at.toString(16).padStart(2, '0')}`;
  const fields: FieldSchema[] = [];
  if (aligned > start) fields.push(make(name(start), 1, aligned - start));
  if (whole > aligned) fields.push(make(name(aligned), 4, (whole - aligned) / 4));
  if (end > whole) fields.push(make(name(whole), 1, end - whole));
  return fields;
}
