// The capabilities of a configuration space as they stand in its lists: where, which, and which is the same one on the
// other side. Imports nothing but its own folder.

import { capabilityRegisters, extendedRegisters, virtioWindow, type Register } from './pci-registers.js';

export interface Capability {
  readonly at: number;
  /** Same on both sides for the same capability: its id, what kind of vendor capability it is, the how many-th. */
  readonly key: string;
  readonly extended: boolean;
  readonly id: number;
  readonly size: number;
}

const CONVENTIONAL = 0x100;
const HEADER = 0x40;
const MSI = 0x05;
const VENDOR = 0x09;
const EXPRESS = 0x10;
const RED_HAT = 0x1af4;
const VIRTIO_WINDOW = 5;

const sizes: Readonly<Record<number, number>> = { 0x01: 8, 0x0c: 8, 0x0d: 8, 0x11: 12, 0x12: 8, 0x13: 6 };
const extendedSizes: Readonly<Record<number, number>> = {
  0x01: 0x48,
  0x03: 12,
  0x0d: 8,
  0x0e: 8,
  0x0f: 8,
  0x10: 0x40,
  0x13: 16,
  0x1b: 8,
};

export function capabilitiesOf(view: DataView): Capability[] {
  const found: Capability[] = [];
  const times = new Map<string, number>();
  const add = (at: number, id: number, kind: string, extended: boolean, size: number): void => {
    const name = `${extended ? 'x' : ''}${id.toString(16)}${kind}`;
    const n = (times.get(name) ?? 0) + 1;
    times.set(name, n);
    found.push({ at, key: `${name}#${n}`, extended, id, size: Math.min(size, view.byteLength - at) });
  };
  const seen = new Set<number>();
  const listed = (view.getUint16(0x06, true) & 0x10) !== 0;
  for (
    let at = listed ? view.getUint8(0x34) & 0xfc : 0;
    at >= HEADER && at < CONVENTIONAL - 4 && !seen.has(at);
    at = view.getUint8(at + 1) & 0xfc
  ) {
    seen.add(at);
    const id = view.getUint8(at);
    add(at, id, kindOf(view, at, id), false, sizeOf(view, at, id));
  }
  for (let at = CONVENTIONAL; at >= CONVENTIONAL && at + 4 <= view.byteLength && !seen.has(at);) {
    seen.add(at);
    const header = view.getUint32(at, true);
    if (header === 0) break;
    add(at, header & 0xffff, '', true, extendedSizes[header & 0xffff] ?? 4);
    at = (header >>> 20) & 0xffc;
  }
  return found;
}

/** What beside the id makes it another capability: virtio's kinds, and the layout of MSI's registers. */
function kindOf(view: DataView, at: number, id: number): string {
  if (id === VENDOR && view.getUint16(0, true) === RED_HAT) return `/${view.getUint8(at + 3)}`;
  return id === MSI ? `/${view.getUint16(at + 2, true) & 0x180}` : '';
}

function sizeOf(view: DataView, at: number, id: number): number {
  const control = view.getUint16(at + 2, true);
  switch (id) {
    case MSI:
      return msiPlaces(control).end;
    case VENDOR:
      return Math.max(3, view.getUint8(at + 2));
    case EXPRESS:
      return (control & 0xf) >= 2 ? 0x3c : 0x14;
    default:
      return sizes[id] ?? 2;
  }
}

/** Where MSI's registers are, by the two bits of its control word that say so. */
function msiPlaces(control: number): {
  readonly data: number;
  readonly mask: number | undefined;
  readonly end: number;
} {
  const data = (control & 0x80) === 0 ? 8 : 12;
  return (control & 0x100) === 0 ? { data, mask: undefined, end: data + 2 } : { data, mask: data + 4, end: data + 12 };
}

/** What software writes in it. */
export function registersOf(view: DataView, capability: Capability): readonly Register[] {
  if (capability.extended) return extendedRegisters[capability.id] ?? [];
  if (capability.id === MSI) return msiRegisters(view.getUint16(capability.at + 2, true));
  if (capability.id === VENDOR) return capability.key.startsWith(`9/${VIRTIO_WINDOW}#`) ? virtioWindow : [];
  return capabilityRegisters[capability.id] ?? [];
}

function msiRegisters(control: number): Register[] {
  const { data, mask } = msiPlaces(control);
  const all = 0xffff_ffff;
  return [
    [2, 2, 0x0071],
    [4, 4, all],
    ...(data === 12 ? [[8, 4, all] as const] : []),
    [data, 2, 0xffff],
    ...(mask === undefined ? [] : [[mask, 4, all] as const, [mask + 4, 4, all] as const]),
  ];
}
