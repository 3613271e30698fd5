// PCI configuration space: identity and layout are the donor's, what software wrote is the source's, by the PCI
// standard and for every device alike. Between the capabilities stand registers of the device's own, which are the
// source's. QEMU: get_pci_config_device(), hw/pci/pci.c, refuses every byte that neither software nor the device may
// have changed.

import type { FieldNode } from '../../../vmstate/index.js';
import type { Layer } from '../merge/layer.js';
import { capabilitiesOf, registersOf, type Capability } from './pci-capabilities.js';
import { reportConfig } from './pci-report.js';
import { baseAddresses, headerRegisters, type Register } from './pci-registers.js';
import { withBytes, type Piece } from '../merge/piece.js';
import { cures } from '../merge/cures.js';

const HEADER = 0x40;

/** What a standard register must be on both sides. */
const identity: readonly (readonly [offset: number, size: number, name: string])[] = [
  [0x00, 2, 'vendor'],
  [0x02, 2, 'device'],
  [0x09, 3, 'class'],
];

export function layConfig(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const [mine, theirs] = [donor.bytes, source.bytes];
  const problem =
    mine.length !== theirs.length
      ? `${theirs.length} bytes of configuration space at the source, ${mine.length} at the destination`
      : misfit(mine, theirs);
  if (problem !== undefined) {
    layer.ledger.field(source, donor, {
      kind: 'conflict',
      grade: 'impossible',
      before: undefined,
      after: undefined,
      why: problem,
      cure: cures.device,
    });
    return withBytes(donor, mine);
  }
  const out = mine.slice();
  const config = new Config(out, theirs);
  const type = mine[0x0e]! & 0x7f;
  for (const register of headerRegisters[type]!) config.take(register, 0, 0);
  const kinds = config.takeBaseAddresses(type);
  if (kinds !== undefined) {
    layer.ledger.field(source, donor, {
      kind: 'conflict',
      grade: 'impossible',
      before: undefined,
      after: undefined,
      why: kinds,
      cure: cures.device,
    });
    return withBytes(donor, mine);
  }
  const [own, others] = [capabilitiesOf(viewOf(mine)), capabilitiesOf(viewOf(theirs))];
  const places = takeCapabilities(config, own, others);
  takeRegisters(out, theirs, own, others);
  reportConfig(layer, donor, source, out, { donor: own, source: others, places });
  return withBytes(donor, out);
}

/** Why the device is not the same. */
function misfit(mine: Uint8Array, theirs: Uint8Array): string | undefined {
  const wrong = identity.flatMap(([at, size, name]) => {
    const read = (bytes: Uint8Array): string =>
      `0x${[...bytes.subarray(at, at + size)]
        .reverse()
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')}`;
    return read(mine) === read(theirs)
      ? []
      : [`${name} ${read(theirs)} at the source, ${read(mine)} at the destination`];
  });
  if ((mine[0x0e]! & 0x7f) !== (theirs[0x0e]! & 0x7f))
    wrong.push(`header type ${theirs[0x0e]! & 0x7f} at the source, ${mine[0x0e]! & 0x7f} at the destination`);
  if ((mine[0x0e]! & 0x7f) > 1) wrong.push(`header type ${mine[0x0e]! & 0x7f} is not known`);
  return wrong.length === 0 ? undefined : `another device: ${wrong.join(', ')}`;
}

class Config {
  private readonly out: DataView;
  private readonly source: DataView;

  constructor(out: Uint8Array, source: Uint8Array) {
    this.out = viewOf(out);
    this.source = viewOf(source);
  }

  /** The bits of a register that software writes; `to` and `from`: where its capability stands. */
  take([offset, size, mask]: Register, to: number, from: number): void {
    if (to + offset + size > this.out.byteLength || from + offset + size > this.source.byteLength) return;
    const value = (read(this.out, to + offset, size) & ~mask) | (read(this.source, from + offset, size) & mask);
    if (size === 1) this.out.setUint8(to + offset, value & 0xff);
    else if (size === 2) this.out.setUint16(to + offset, value & 0xffff, true);
    else this.out.setUint32(to + offset, value >>> 0, true);
  }

  /** The addresses; answers what is wrong where a base address is of another kind. */
  takeBaseAddresses(type: number): string | undefined {
    const { count, rom } = baseAddresses[type]!;
    for (let i = 0; i < count; i += 1) {
      const at = 0x10 + 4 * i;
      const [mine, theirs] = [this.out.getUint32(at, true), this.source.getUint32(at, true)];
      const bits = (mine & 1) === 1 ? 0x3 : 0xf;
      if ((mine & bits) !== (theirs & bits))
        return `base address ${i} is of another kind: 0x${theirs.toString(16)} at the source, 0x${mine.toString(16)} at the destination`;
      this.take([at, 4, 0xffff_ffff], 0, 0);
      if ((mine & 0x7) !== 0x4 || i + 1 >= count) continue;
      // The upper half of 64 bits has no kind.
      i += 1;
      this.take([at + 4, 4, 0xffff_ffff], 0, 0);
    }
    this.take([rom, 4, 0xffff_f801], 0, 0);
    return undefined;
  }

  takeCapability(to: Capability, from: Capability): void {
    for (const register of registersOf(this.out, to)) this.take(register, to.at, from.at);
  }
}

function takeCapabilities(
  config: Config,
  mine: readonly Capability[],
  theirs: readonly Capability[],
): Map<Capability, Capability> {
  const places = new Map<Capability, Capability>();
  const byKey = new Map(theirs.map((one) => [one.key, one]));
  for (const one of mine) {
    const other = byKey.get(one.key);
    if (other === undefined) continue;
    places.set(one, other);
    config.takeCapability(one, other);
  }
  return places;
}

/** What is in no capability, on either side. */
function takeRegisters(out: Uint8Array, theirs: Uint8Array, ...lists: readonly (readonly Capability[])[]): void {
  const covered = new Uint8Array(out.length);
  covered.fill(1, 0, HEADER);
  for (const { at, size } of lists.flat()) covered.fill(1, at, at + size);
  for (let at = HEADER; at < out.length; at += 1) if (covered[at] === 0) out[at] = theirs[at]!;
}

function read(view: DataView, at: number, size: 1 | 2 | 4): number {
  return size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
