// Which section of the source is which of the donor, and what becomes of those that only one side has.

import { deviceLabel, type DeviceSchema, type FieldNode } from '../../../vmstate/index.js';
import { deviceKey, type SectionHeader } from '../../../wire/section.js';
import { cures } from '../merge/cures.js';
import { REPEATED, type DeviceSection } from './device-part.js';
import type { VmstateTables } from '../../../destination/vmstate-tables.js';
import type { Knowledge } from '../merge/knowledge.js';
import { Layer, type FieldRule } from '../merge/layer.js';
import type { Ledger } from '../merge/ledger.js';
import { typeOf } from '../merge/rules.js';
import { layTable } from '../merge/table.js';
import { isBlank, valueText } from '../merge/values.js';

/** A section as it will be written. */
export interface LaidSection {
  readonly section: SectionHeader;
  readonly device: DeviceSchema;
  readonly bytes: Uint8Array;
}

export interface SectionContext {
  readonly ledger: Ledger;
  readonly knowledge: Knowledge;
  readonly tables: VmstateTables | undefined;
  readonly rule: FieldRule;
}

/** The processor is the one device of which the destination must not have more either. */
const PROCESSOR = 'cpu';

export function laySections(
  context: SectionContext,
  donor: readonly DeviceSection[],
  source: readonly DeviceSection[],
): LaidSection[] {
  const sourceKeys = keysOf(source);
  const donorKeys = keysOf(donor);
  const sourceByKey = new Map(source.map((section, i) => [sourceKeys[i], section]));
  const known = new Set(donorKeys);
  for (const [i, section] of source.entries())
    if (!known.has(sourceKeys[i]!)) noteLost(context, section, donor, source);
  const laid: LaidSection[] = [];
  for (const [i, section] of donor.entries()) {
    const counterpart = sourceByKey.get(donorKeys[i]);
    if (counterpart === undefined) noteLeftOut(context, section, donor, source);
    else laid.push(...laySection(context, section, counterpart));
  }
  return laid;
}

/** Sections by name and instance; those of REPEATED by their order. */
function keysOf(sections: readonly DeviceSection[]): string[] {
  let order = 0;
  return sections.map((section) => (section.section.idstr === REPEATED ? `${REPEATED}#${order++}` : keyOf(section)));
}

function laySection(context: SectionContext, donor: DeviceSection, source: DeviceSection): LaidSection[] {
  const { ledger } = context;
  const [donorVmsd, sourceVmsd] = [donor.state.device.vmsd, source.state.device.vmsd];
  if (donorVmsd.name !== '' && sourceVmsd.name !== '') {
    const layer = new Layer(ledger, context.knowledge, context.rule);
    const { bytes, vmsd } = layTable(layer, donor.state.root, source.state.root);
    return [{ section: donor.section, device: { ...donor.state.device, vmsd }, bytes }];
  }
  // Written by hand: one blob, whose version is in the section's header.
  const path = deviceLabel(source.state.device);
  if (donorVmsd.name !== sourceVmsd.name || source.section.versionId > donor.section.versionId) {
    ledger.note({
      kind: 'dropped',
      grade: 'lossy',
      path,
      offset: source.state.base,
      before: `version ${source.section.versionId}, ${source.state.bytes.length} bytes`,
      after: 'the destination’s own',
      why:
        donorVmsd.name === sourceVmsd.name
          ? `the destination reads it up to version ${donor.section.versionId}`
          : 'written by hand on one side, by tables on the other',
    });
    return [];
  }
  ledger.copied += 1;
  return [
    {
      section: { ...donor.section, versionId: source.section.versionId },
      device: source.state.device,
      bytes: source.state.bytes,
    },
  ];
}

function noteLost(
  { ledger, tables }: SectionContext,
  section: DeviceSection,
  donor: readonly DeviceSection[],
  source: readonly DeviceSection[],
): void {
  const { idstr } = section.section;
  const { state } = section;
  const common = { path: state.root.fullPath, offset: state.base, before: valueText(state.root) };
  const place = placeOf(idstr);
  const swapped =
    place === undefined
      ? undefined
      : donor.find((candidate) => placeOf(candidate.section.idstr) === place && !has(source, candidate));
  if (swapped !== undefined) {
    ledger.note({
      ...common,
      kind: 'conflict',
      grade: 'impossible',
      before: idstr,
      after: swapped.section.idstr,
      why: `another device stands at ${place}`,
      cure: cures.device,
    });
    return;
  }
  const moved = elsewhere(section, source, donor);
  if (moved !== undefined) {
    ledger.note({
      ...common,
      kind: 'conflict',
      grade: 'impossible',
      before: idstr,
      after: moved.section.idstr,
      why: 'the same device stands at another place',
      cure: cures.place,
    });
    return;
  }
  const donorCount = count(donor, idstr);
  if (donorCount > 0) {
    const wanted = count(source, idstr);
    ledger.note({
      ...common,
      kind: 'conflict',
      grade: 'impossible',
      after: undefined,
      why: `the source has ${wanted} of these, the destination ${donorCount}`,
      cure: idstr === PROCESSOR ? cures.processors(wanted) : cures.missing,
    });
    return;
  }
  const described = tables?.named(state.device.vmsd.name) !== undefined;
  if (described || isPci(state.root)) {
    ledger.note({
      ...common,
      kind: 'conflict',
      grade: 'impossible',
      why: 'a device that the destination does not have',
      cure: cures.missing,
    });
    return;
  }
  ledger.note({
    ...common,
    kind: 'dropped',
    grade: isBlank(state.root) ? 'assumed' : 'lossy',
    why: 'the destination has no such section',
  });
}

function noteLeftOut(
  { ledger }: SectionContext,
  section: DeviceSection,
  donor: readonly DeviceSection[],
  source: readonly DeviceSection[],
): void {
  const { idstr } = section.section;
  const { state } = section;
  // Said of the source's.
  if (elsewhere(section, donor, source) !== undefined) return;
  const sourceCount = count(source, idstr);
  if (idstr === PROCESSOR && sourceCount > 0) {
    ledger.note({
      kind: 'conflict',
      grade: 'impossible',
      path: state.root.fullPath,
      why: `the source has ${sourceCount} of these, the destination ${count(donor, idstr)}`,
      cure: cures.processors(sourceCount),
    });
    return;
  }
  ledger.note({
    kind: 'left-out',
    grade: 'assumed',
    path: state.root.fullPath,
    after: valueText(state.root),
    why: isPci(state.root)
      ? 'a device that the guest has never seen: it stays as after reset'
      : 'the source has no such section: the destination keeps what it has after reset',
  });
}

function has(sections: readonly DeviceSection[], wanted: DeviceSection): boolean {
  return sections.some((section) => keyOf(section) === keyOf(wanted));
}

function count(sections: readonly DeviceSection[], idstr: string): number {
  return sections.filter(({ section }) => section.idstr === idstr).length;
}

function keyOf({ section }: DeviceSection): string {
  return deviceKey(section.idstr, section.instanceId);
}

/** The same device on the other side, at a place where this side has none of it. */
function elsewhere(
  section: DeviceSection,
  side: readonly DeviceSection[],
  otherSide: readonly DeviceSection[],
): DeviceSection | undefined {
  const name = nameOf(section.section.idstr);
  if (name === undefined) return undefined;
  return otherSide.find(
    (candidate) =>
      nameOf(candidate.section.idstr) === name &&
      placeOf(candidate.section.idstr) !== placeOf(section.section.idstr) &&
      !has(side, candidate),
  );
}

/** What stands behind the bus address. */
function nameOf(idstr: string): string | undefined {
  const place = placeOf(idstr);
  return place === undefined ? undefined : idstr.slice(place.length + 1);
}

/** The bus address in front of a device's name: `0000:00:03.0`, `0000:00:1d.7/1`. */
export function placeOf(idstr: string): string | undefined {
  const end = idstr.lastIndexOf('/');
  return end <= 0 ? undefined : idstr.slice(0, end);
}

function isPci(root: FieldNode): boolean {
  const visit = (node: FieldNode, depth: number): boolean => {
    if (typeOf(node) === 'pci config' || typeOf(node) === 'virtio') return true;
    if (node.kind === 'leaf' || node.kind === 'array' || depth > 3) return false;
    for (const child of node.children()) if (visit(child, depth + 1)) return true;
    return false;
  };
  return visit(root, 0);
}
