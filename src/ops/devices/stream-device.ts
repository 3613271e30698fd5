// A device of a stream: its section, its payload as a tree, and how the layout of that tree is known. Where nothing
// says what the bytes are, the tree is one opaque leaf with the reason.

import { decodeDevice } from '../../devices/index.js';
import { leaves, plainField, vmsdSize, type DeviceSchema, type DeviceState } from '../../vmstate/index.js';
import type { Span } from '../../base/span.js';
import type { Boundary } from '../../stream/event.js';
import type { FullSection } from '../../open/full-sections.js';
import type { SectionHeader } from '../../wire/section.js';

/**
 * Who says what the bytes of a device are: the stream's own vmdescription; another stream's (`--schema-from`), or a
 * `-dump-vmstate` document, each believed only where it fits exactly; nobody.
 */
export type LayoutOrigin = 'vmdescription' | 'stream' | 'dump' | 'none';

export interface StreamDevice {
  readonly section: SectionHeader;
  /** The whole section, header and footer included; absolute. */
  readonly span: Span;
  /** Its payload. */
  readonly payload: Span;
  /** How the end of the payload is known. */
  readonly boundary: Boundary;
  /** Inside how many PACKAGED blobs. */
  readonly depth: number;
  readonly layout: LayoutOrigin;
  /** Why the layout is not known; undefined when it is. */
  readonly reason: string | undefined;
  /** The fields. Of a payload too large to be kept it is empty, while `payload` has its true extent. */
  readonly state: DeviceState;
}

/** Layouts learned elsewhere. */
export interface Layouts {
  readonly origin: 'stream' | 'dump';
  /** Where from, for people. */
  readonly label: string;
  /** The layout that fits `payload` exactly, or why there is none. */
  layoutOf(section: SectionHeader, payload: Uint8Array): DeviceSchema | string;
}

/**
 * What `found` is. `entry` is its entry in the vmdescription of the stream, or why there is none.
 */
export function streamDevice(
  { bytes, ...found }: FullSection,
  entry: DeviceSchema | string,
  learned: Layouts | undefined,
): StreamDevice {
  const { section, payload } = found;
  const opaque = (reason: string, of: Uint8Array): StreamDevice => ({
    ...found,
    layout: 'none',
    reason,
    state: opaqueState(section, of, payload.start, reason),
  });
  const size = payload.end - payload.start;
  if (bytes === undefined) return opaque(`${size} bytes, too many to be looked into`, new Uint8Array(0));
  let reason = '';
  if (typeof entry === 'string') reason = entry;
  else {
    const described = vmsdSize(entry.vmsd);
    if (described === size)
      return { ...found, layout: 'vmdescription', reason: undefined, state: decodeDevice(entry, bytes, payload.start) };
    reason =
      described === undefined
        ? 'the vmdescription does not say how long it is'
        : `the vmdescription gives it ${described} bytes, it has ${size}`;
  }
  if (learned === undefined) return opaque(reason, bytes);
  const device = learned.layoutOf(section, bytes);
  if (typeof device === 'string') return opaque(device, bytes);
  return { ...found, layout: learned.origin, reason: undefined, state: decodeDevice(device, bytes, payload.start) };
}

/** One leaf `data`, as QEMU describes devices without a table. */
function opaqueState(
  { idstr, instanceId }: SectionHeader,
  bytes: Uint8Array,
  base: number,
  reason: string,
): DeviceState {
  const data = { ...plainField('data', 'buffer', bytes.length), opaque: reason };
  return decodeDevice(
    { name: idstr, instanceId, size: bytes.length, vmsd: { name: '', version: 0, fields: [data], subsections: [] } },
    bytes,
    base,
  );
}

/** Does the layout account for every byte: the length, and each subsection where it says? */
export function fitsExactly(device: DeviceSchema, bytes: Uint8Array): boolean {
  if (vmsdSize(device.vmsd) !== bytes.length) return false;
  for (const leaf of leaves(decodeDevice(device, bytes).root)) {
    if (leaf.role === 'opaque' && leaf.field === undefined) return false;
  }
  return true;
}
