// The part of a stream behind RAM: device sections, held until the vmdescription has come that takes them apart. RAM is
// never held.

import { concatBytes, equalBytes } from '../../../base/bytes.js';
import { MigrationStreamError } from '../../../base/errors.js';
import { quote } from '../../../base/quote.js';
import { MAX_HELD } from '../../../limits.js';
import type { StreamEvent } from '../../../stream/event.js';
import { decodeDevice } from '../../../devices/index.js';
import {
  ArrayBranch,
  parseSchema,
  vmsdSize,
  type DescriptionSchema,
  type DeviceSchema,
  type DeviceState,
  type FieldNode,
} from '../../../vmstate/index.js';
import { deviceKey, type SectionHeader } from '../../../wire/section.js';
import { EditError } from '../../rewrite/edit.js';

/** A FULL section. */
export interface DeviceSection {
  readonly section: SectionHeader;
  readonly state: DeviceState;
}

type Full = Extract<StreamEvent, { kind: 'section-open' }>;

/**
 * Before 8.2 QEMU gives every -netdev user the instance 0, later ones count: these sections are told apart by their order.
 * QEMU: net_slirp_init(), net/slirp.c.
 */
export const REPEATED = 'slirp';

/** Gathers FULL sections from events. */
export class DevicePart {
  /** For messages: "the source", "the donor". */
  private readonly whose: string;
  private readonly payloads: {
    readonly section: SectionHeader;
    readonly base: number;
    readonly parts: Uint8Array[];
  }[] = [];
  private open = false;
  private size = 0;
  json: Uint8Array | undefined;

  constructor(whose: string) {
    this.whose = whose;
  }

  get empty(): boolean {
    return this.payloads.length === 0;
  }

  /** True when the event was one of a FULL section, or the vmdescription. */
  take(event: StreamEvent): boolean {
    if (event.kind === 'vmdescription') this.json = event.json;
    else if (event.kind === 'section-open' && event.type === 'full') this.start(event);
    else if (this.open && event.kind === 'payload') this.add(event.bytes);
    else if (this.open && event.kind === 'section-close') this.open = false;
    else return false;
    return true;
  }

  private start({ section, span }: Full): void {
    this.open = true;
    this.payloads.push({ section, base: span.end, parts: [] });
  }

  private add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.size > MAX_HELD)
      throw new EditError(
        'refused',
        `${this.whose} has more than ${MAX_HELD} bytes of devices, too many to be held back`,
      );
    this.payloads.at(-1)!.parts.push(bytes.slice());
  }

  /**
   * The sections, taken apart. `other`: a description to use where the stream has none.
   * @throws EditError refused: no description, two sections of one name, or one that does not fit
   */
  sections(other?: DescriptionSchema): DeviceSection[] {
    const described = new Map<string, DeviceSchema[]>();
    for (const device of this.description(other).devices) {
      const key = deviceKey(device.name, device.instanceId);
      described.set(key, [...(described.get(key) ?? []), device]);
    }
    const seen = new Set<string>();
    return this.payloads.map(({ section, base, parts }) => {
      const name = deviceKey(section.idstr, section.instanceId);
      if (seen.has(name) && section.idstr !== REPEATED)
        throw new EditError(
          'refused',
          `${this.whose} has two sections ${quote(section.idstr)} ${section.instanceId}: nothing says which is which`,
        );
      seen.add(name);
      const [device, ...later] = described.get(name) ?? [];
      // Repeated names are told apart by their order, as QEMU wrote them.
      if (later.length > 0) described.set(name, later);
      const bytes = concatBytes(parts);
      if (device === undefined)
        throw new EditError(
          'refused',
          `${this.whose} has a section ${quote(section.idstr)} ${section.instanceId} that its description does not know`,
        );
      const state = decodeDevice(device, bytes, base);
      // Not by the sizes alone: QEMU up to 9.2 describes some arrays of pointers by too few bytes, and the walk knows them.
      const broken = unreadable(state);
      const rest =
        broken === undefined || vmsdSize(device.vmsd) === bytes.length
          ? broken
          : `described with ${vmsdSize(device.vmsd) ?? 'unknown'} bytes, it has ${bytes.length}`;
      if (rest !== undefined)
        throw new EditError(
          'refused',
          `${this.whose}: section ${quote(section.idstr)} ${section.instanceId} is not what its description says: ${rest}`,
        );
      return { section, state };
    });
  }

  private description(other: DescriptionSchema | undefined): DescriptionSchema {
    if (this.json === undefined) {
      if (other !== undefined) return other;
      throw new EditError(
        'refused',
        `${this.whose} has no vmdescription: nothing says what the bytes of its devices are`,
        '--schema-from with a stream of the same QEMU and the same options',
      );
    }
    try {
      return parseSchema(this.json);
    } catch (error) {
      if (!(error instanceof MigrationStreamError)) throw error;
      throw new EditError('refused', `${this.whose}: the vmdescription ${error.message}`);
    }
  }
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
