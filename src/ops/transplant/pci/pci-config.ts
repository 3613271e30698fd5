// Which side's value wins in PCI configuration space: identity and layout are the donor's, what software wrote is the
// source's, for every device alike. The registers between the capabilities belong to the device and are the source's.
// QEMU: get_pci_config_device(), hw/pci/pci.c, refuses every byte that neither software nor the device may have
// changed.

import { barKind, barOffset, baseAddresses, ROM } from '../../../devices/pci/bars.js';
import {
  ALL,
  headers,
  headerType,
  HEADER_SIZE,
  isConfigSize,
  viewOf,
  type Register,
} from '../../../devices/pci/space.js';
import { capabilitiesOf, type Capability } from '../../../devices/pci/walk.js';
import type { FieldNode } from '../../../vmstate/index.js';
import { cures } from '../merge/cures.js';
import type { Layer } from '../merge/layer.js';
import { withBytes, type Piece } from '../merge/piece.js';
import { reportConfig } from './pci-report.js';
import { littleEndian } from './text.js';

/** What a standard register must be on both sides. */
const identity: readonly (readonly [offset: number, size: number, name: string])[] = [
  [0x00, 2, 'vendor'],
  [0x02, 2, 'device'],
  [0x09, 3, 'class'],
];

export function layConfig(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const out = donor.bytes.slice();
  const problem = misfit(donor.bytes, source.bytes) ?? takeHeader(out, source.bytes);
  if (problem !== undefined) {
    layer.ledger.field(source, donor, {
      kind: 'conflict',
      grade: 'impossible',
      before: undefined,
      after: undefined,
      why: problem,
      cure: cures.device,
    });
    return withBytes(donor, donor.bytes);
  }
  const capabilities = { donor: capabilitiesOf(viewOf(donor.bytes)), source: capabilitiesOf(viewOf(source.bytes)) };
  const byKey = new Map(capabilities.source.map((capability) => [capability.key, capability]));
  const places = new Map<Capability, Capability>();
  for (const capability of capabilities.donor) {
    const from = byKey.get(capability.key);
    if (from === undefined) continue;
    places.set(capability, from);
    for (const register of capability.software) take(out, source.bytes, register, capability.at, from.at);
  }
  takeBetween(out, source.bytes, [...capabilities.donor, ...capabilities.source]);
  reportConfig(layer, donor, source, out, { ...capabilities, places });
  return withBytes(donor, out);
}

/** Why the device is not the same. */
function misfit(donor: Uint8Array, source: Uint8Array): string | undefined {
  if (donor.length !== source.length)
    return `${source.length} bytes of configuration space at the source, ${donor.length} at the destination`;
  if (!isConfigSize(donor.length)) return `${donor.length} bytes are no configuration space`;
  const wrong = identity.flatMap(([at, size, name]) => {
    const [before, after] = [source, donor].map((bytes) => littleEndian(bytes.subarray(at, at + size)));
    return before === after ? [] : [`${name} ${before} at the source, ${after} at the destination`];
  });
  const [before, after] = [headerType(source), headerType(donor)];
  if (before !== after) wrong.push(`header type ${before} at the source, ${after} at the destination`);
  if (after >= headers.length) wrong.push(`header type ${after} is not known`);
  return wrong.length === 0 ? undefined : `another device: ${wrong.join(', ')}`;
}

/** The bits of a register that software writes; `to` and `from`: where its capability stands. */
function take(out: Uint8Array, source: Uint8Array, [offset, size, mask]: Register, to: number, from: number): void {
  if (to + offset + size > out.length || from + offset + size > source.length) return;
  for (let i = 0; i < size; i += 1) {
    const bits = (mask >>> (8 * i)) & 0xff;
    out[to + offset + i] = (out[to + offset + i]! & ~bits) | (source[from + offset + i]! & bits);
  }
}

/** Returns what is wrong where a base address is of another kind. */
function takeHeader(out: Uint8Array, source: Uint8Array): string | undefined {
  const type = headerType(out);
  for (const register of headers[type]!.software) take(out, source, register, 0, 0);
  const { count } = baseAddresses[type]!;
  for (let bar = 0; bar < count; bar += 1) {
    const at = barOffset(type, bar);
    const [after, before] = [out, source].map((bytes) => viewOf(bytes).getUint32(at, true)) as [number, number];
    const { wide, bits } = barKind(after);
    if ((after & bits) !== (before & bits))
      return `base address ${bar} is of another kind: 0x${before.toString(16)} at the source, 0x${after.toString(16)} at the destination`;
    take(out, source, [at, 4, ALL], 0, 0);
    if (!wide || bar + 1 >= count) continue;
    // The upper half of 64 bits has no kind.
    bar += 1;
    take(out, source, [at + 4, 4, ALL], 0, 0);
  }
  take(out, source, [barOffset(type, ROM), 4, 0xffff_f801], 0, 0);
  return undefined;
}

/** What is in no capability of either side. */
function takeBetween(out: Uint8Array, source: Uint8Array, capabilities: readonly Capability[]): void {
  const covered = new Uint8Array(out.length);
  covered.fill(1, 0, HEADER_SIZE);
  for (const { at, size } of capabilities) covered.fill(1, at, at + size);
  for (let at = HEADER_SIZE; at < out.length; at += 1) if (covered[at] === 0) out[at] = source[at]!;
}
