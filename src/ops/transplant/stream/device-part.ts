// The device sections of a stream, taken apart by its vmdescription.

import { Refused } from '../../../base/refused.js';
import { equalBytes } from '../../../base/bytes.js';
import { quote } from '../../../base/quote.js';
import { MAX_HELD } from '../../../limits.js';
import { decodeDevice } from '../../../devices/index.js';
import {
  ArrayBranch,
  DeviceEntries,
  vmsdSize,
  type DescriptionSchema,
  type DeviceState,
  type FieldNode,
} from '../../../vmstate/index.js';
import { FullSections, type FullSection } from '../../../open/full-sections.js';
import type { SectionHeader } from '../../../wire/section.js';
import { readSchema } from '../../devices/own-layouts.js';

/** A FULL section. */
export interface DeviceSection {
  readonly section: SectionHeader;
  readonly state: DeviceState;
}

/**
 * Before 8.2 QEMU gives every -netdev user the instance 0, and later sections count: their order tells these apart.
 * QEMU: net_slirp_init(), net/slirp.c.
 */
export const REPEATED = 'slirp';

/** Holds the device sections of the source until its vmdescription has come. */
export function heldSections(): FullSections {
  const beyond = (): Refused =>
    new Refused('refused', `the source has more than ${MAX_HELD} bytes of devices, too many to be held back`);
  return new FullSections({ limit: MAX_HELD, beyond });
}

/**
 * `sections`, taken apart by `description`. `whose`: "the source" or "the donor", for messages.
 * @throws Refused: two sections have the same name, or a section does not fit its description
 */
export function describedSections(
  whose: string,
  sections: readonly Pick<FullSection, 'section' | 'payload' | 'bytes'>[],
  description: DescriptionSchema,
): DeviceSection[] {
  const entries = new DeviceEntries(description);
  const seen = new Set<string>();
  return sections.map(({ section, payload, bytes = new Uint8Array(0) }) => {
    const name = `${quote(section.idstr)} ${section.instanceId}`;
    if (seen.has(name) && section.idstr !== REPEATED)
      throw new Refused('refused', `${whose} has two sections ${name}: nothing says which is which`);
    seen.add(name);
    const device = entries.next(section);
    if (device === undefined)
      throw new Refused('refused', `${whose} has a section ${name} that its description does not know`);
    const state = decodeDevice(device, bytes, payload.start);
    // The sizes alone do not tell: QEMU up to 9.2 gives some arrays of pointers too few bytes, and the walk knows
    // these.
    const broken = unreadable(state);
    const rest =
      broken === undefined || vmsdSize(device.vmsd) === bytes.length
        ? broken
        : `described with ${vmsdSize(device.vmsd) ?? 'unknown'} bytes, it has ${bytes.length}`;
    if (rest !== undefined)
      throw new Refused('refused', `${whose}: section ${name} is not what its description says: ${rest}`);
    return { section, state };
  });
}

/**
 * The description in `json`. `fallback`: the description to use where the stream has none.
 * @throws Refused: there is no description, or it cannot be read
 */
export function descriptionOf(
  whose: string,
  json: Uint8Array | undefined,
  fallback?: DescriptionSchema,
): DescriptionSchema {
  if (json === undefined) {
    if (fallback !== undefined) return fallback;
    throw new Refused('refused', `${whose} has no vmdescription: nothing says what the bytes of its devices are`, {
      code: 'schema-from',
    });
  }
  const description = readSchema(json);
  if (typeof description === 'string') throw new Refused('refused', `${whose}: the vmdescription ${description}`);
  return description;
}

/** Bytes that the walk had to give up on. */
function unreadable({ root }: DeviceState): string | undefined {
  const visit = (node: FieldNode): string | undefined => {
    if (node.kind === 'leaf')
      return node.name === '@rest' ? (node.reason ?? 'bytes that nothing describes') : undefined;
    // What our decoders divide comes out even, and so do values side by side.
    if (
      node.kind === 'decoded' ||
      (node instanceof ArrayBranch && node.segments.length === 1 && node.at(0)?.kind === 'leaf')
    )
      return undefined;
    let before: FieldNode | undefined;
    for (const child of node.children()) {
      // Elements are often alike, and there may be a thousand of them.
      if (
        child.kind === 'struct' &&
        before?.kind === 'struct' &&
        child.vmsd === before.vmsd &&
        equalBytes(child.bytes, before.bytes)
      )
        continue;
      before = child;
      const found = visit(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(root);
}
