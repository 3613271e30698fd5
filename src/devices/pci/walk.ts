// The walk of the two capability lists of a configuration space, which everybody uses. Links are masked as the standard
// says (the low two bits are reserved). A list ends at a link into the header or to a capability that was seen before,
// so a walk takes at most 48 steps, and 960 in extended space. QEMU: pci_find_capability_list(), hw/pci/pci.c;
// pcie_find_capability_list(), hw/pci/pcie.c.

import { capabilityKind, capabilityVariant, extendedKind, type CapabilityKind } from './capabilities.js';
import { CONVENTIONAL_SIZE, HEADER_SIZE } from './space.js';

export interface Capability extends CapabilityKind {
  /** Offset in configuration space. */
  readonly at: number;
  readonly id: number;
  /** Of the list that begins at 0x100. */
  readonly extended: boolean;
  /** Unique in its configuration space: `vendor`, `vendor_2` … */
  readonly name: string;
  /** The same for the same capability of another configuration space of the device: id, variant, which in order. */
  readonly key: string;
  /** Bytes; the capability may run past the end of the space. */
  readonly size: number;
}

const STATUS = 0x06;
const HAS_CAPABILITIES = 0x10;
const POINTER = 0x34;

/** In the order of the lists; none of bytes that are too short for a configuration space. */
export function capabilitiesOf(view: DataView): Capability[] {
  const found: Capability[] = [];
  if (view.byteLength < CONVENTIONAL_SIZE) return found;
  const times = new Map<string, number>();
  const numbered = (text: string, separator: string, always: boolean): string => {
    const count = (times.get(text) ?? 0) + 1;
    times.set(text, count);
    return count > 1 || always ? `${text}${separator}${count}` : text;
  };
  const add = (at: number, id: number, extended: boolean, kind: CapabilityKind): void => {
    const variant = extended ? '' : capabilityVariant(view, at);
    found.push({
      ...kind,
      at,
      id,
      extended,
      name: numbered(kind.field.name, '_', false),
      key: numbered(`${extended ? 'x' : ''}${id.toString(16)}${variant}`, '#', true),
      size: kind.field.size!,
    });
  };
  const listed = (view.getUint8(STATUS) & HAS_CAPABILITIES) !== 0;
  for (const at of chain(
    listed ? view.getUint8(POINTER) & 0xfc : 0,
    HEADER_SIZE,
    CONVENTIONAL_SIZE,
    (link) => view.getUint8(link + 1) & 0xfc,
  ))
    add(at, view.getUint8(at), false, capabilityKind(view, at));
  const heads = chain(
    CONVENTIONAL_SIZE,
    CONVENTIONAL_SIZE,
    view.byteLength,
    (link) => (view.getUint16(link + 2, true) >> 4) & 0xffc,
  );
  const starts = [...heads].sort((a, b) => a - b);
  for (const at of heads) {
    const next = starts[starts.indexOf(at) + 1] ?? view.byteLength;
    const id = view.getUint16(at, true);
    // A header of zeros is no capability.
    if (view.getUint32(at, true) !== 0) add(at, id, true, extendedKind(id, next - at));
  }
  return found;
}

/** The places of a list whose capabilities lie between `first` and `end`. */
function chain(start: number, first: number, end: number, next: (at: number) => number): number[] {
  const seen = new Set<number>();
  for (let at = start; at >= first && at + 4 <= end && !seen.has(at); at = next(at)) seen.add(at);
  return [...seen];
}

/** The first conventional capability of that id. */
export function findCapability(view: DataView, id: number): Capability | undefined {
  return capabilitiesOf(view).find((capability) => capability.id === id && !capability.extended);
}
