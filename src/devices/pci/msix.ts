// MSI-X: how many vectors a device has, and the state that QEMU writes for them. QEMU: msix_save(), hw/pci/msix.c.

import { array, le32, le64, structs, table, type Layout } from '../rule.js';
import { capabilityId } from './capabilities.js';
import { findCapability, type Capability } from './walk.js';

const VECTOR = 16;

/** 0: the device has no MSI-X capability. */
export function vectorCount(view: DataView): number {
  const msix = findCapability(view, capabilityId.msix);
  return msix === undefined ? 0 : vectorsOf(view, msix);
}

/** The number of vectors that an MSI-X capability says. */
export function vectorsOf(view: DataView, { at }: Capability): number {
  return (view.getUint16(at + 2, true) & 0x7ff) + 1;
}

/** Does the guest get interrupts through this capability? */
export function isInterruptEnabled(view: DataView, { at, id, extended }: Capability): boolean {
  if (extended) return false;
  const control = view.getUint16(at + 2, true);
  return (id === capabilityId.msi && (control & 1) !== 0) || (id === capabilityId.msix && (control & 0x8000) !== 0);
}

/** Bytes of the state of so many vectors: the table, then a bit for each vector. */
export function vectorStateSize(vectors: number): number {
  return vectors * VECTOR + Math.ceil(vectors / 8);
}

/** How many vectors a state of so many bytes has. */
export function vectorsIn(size: number): number {
  return Math.floor((size * 8) / (VECTOR * 8 + 1));
}

const vector = table('msix vector', [le64('address'), le32('data'), le32('control')]);

export const msixState: Layout = ({ bytes }) => {
  const vectors = vectorsIn(bytes.length);
  if (vectors === 0 || vectorStateSize(vectors) !== bytes.length) return undefined;
  return table('msix state', [
    structs('table', vector, VECTOR, vectors),
    array('pending', 'uint8', 1, Math.ceil(vectors / 8)),
  ]);
};
