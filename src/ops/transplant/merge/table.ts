// One table of fields with its subsections: the donor's field list, filled with the source's values. The heart of it;
// no rule in here is about any one device. QEMU: vmstate_load_state(), migration/vmstate.c, is what must read the
// result.

import { concatBytes } from '../../../base/bytes.js';
import { encodeSubsectionHeader } from '../../../wire/subsection.js';
import {
  ArrayBranch,
  fieldSize,
  type Branch,
  type FieldNode,
  type FieldSchema,
  type VmsdSchema,
} from '../../../vmstate/index.js';
import { elementsOf, isBlob, sameTables, together, wholeArray } from './array.js';
import { layBlob, layLeaf, unlike } from './leaf.js';
import type { Layer } from './layer.js';
import { matchFields, type Regrouped } from './match.js';
import { asItStands, entriesOf, type LaidTable, type Piece } from './piece.js';
import { isBlank, saysSomething, valuesBelow } from './values.js';

export function layTable(layer: Layer, donor: Branch, source: Branch): LaidTable {
  return layer.inTable(() => {
    const { pairs, extra, regrouped } = matchFields(fieldsOf(donor), fieldsOf(source));
    const pieces: Piece[] = [];
    const behind = (node: FieldNode | undefined): void => {
      for (const added of extra.get(node) ?? []) pieces.push(...layExtra(layer, donor, added));
    };
    behind(undefined);
    for (const { donor: node, source: sourceNode, renamed } of pairs) {
      const group = regrouped.get(node);
      if (group !== undefined) {
        pieces.push(layGroup(layer, group));
        behind(node);
        continue;
      }
      pieces.push(sourceNode === undefined ? layMissing(layer, node) : layField(layer, node, sourceNode));
      if (sourceNode !== undefined) layer.remember(node, sourceNode);
      if (renamed)
        layer.ledger.field(sourceNode, node, {
          kind: 'renamed',
          grade: node.kind === 'leaf' ? 'assumed' : 'exact',
          after: undefined,
          why: `${sourceNode!.name} at the source: same place, same type`,
        });
      behind(node);
    }
    const parts = laySubsections(layer, donor, source);
    const vmsd = donor.vmsd ?? { name: '', version: 0, fields: [], subsections: [] };
    const asDonor = parts.asDonor && pieces.every((piece) => piece.asDonor);
    return {
      bytes: concatBytes([...pieces.map((piece) => piece.bytes), ...parts.bytes]),
      vmsd: asDonor ? vmsd : { ...vmsd, fields: pieces.flatMap((piece) => piece.entries), subsections: parts.parts },
      asDonor,
    };
  });
}

/** The same bytes under other names. */
function layGroup(layer: Layer, { donor, source }: Regrouped): Piece {
  layer.ledger.copied += source.filter((node) => node.kind !== 'leaf' || saysSomething(node)).length;
  layer.ledger.field(source[0], donor[0], {
    kind: 'regrouped',
    grade: 'exact',
    before: fields(source.length),
    after: fields(donor.length),
    why: 'the same bytes, divided otherwise',
  });
  layer.ledger.spokenOf.push(...donor.slice(1).map((node) => node.fullPath));
  return { bytes: concatBytes(source.map((node) => node.bytes)), entries: donor.flatMap(entriesOf), asDonor: true };
}

function fields(count: number): string {
  return count === 1 ? '1 field' : `${count} fields`;
}

/** A field that both have. */
export function layField(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const ruled = layer.rule(layer, donor, source);
  if (ruled !== undefined) return ruled;
  if (donor.kind === 'leaf' && source.kind === 'leaf') return layLeaf(layer, donor, source);
  if (isBlob(donor) && isBlob(source)) return layBlob(layer, donor, source);
  if (donor.kind === 'list' || source.kind === 'list')
    return donor.kind === source.kind
      ? layList(layer, donor as Branch, source as Branch)
      : unlike(layer, donor, source);
  if (donor instanceof ArrayBranch || source instanceof ArrayBranch) return layArray(layer, donor, source);
  if (donor.kind === 'leaf' || source.kind === 'leaf') return unlike(layer, donor, source);
  return tablePiece(donor, layTable(layer, donor, source));
}

/**
 * The destination decides how many elements there are where the array is of fixed length; the source decides where an
 * integer before the array counts them.
 */
function layArray(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  const same = wholeArray(layer, donor, source);
  if (same !== undefined) return same;
  const [donorElements, sourceElements] = [elementsOf(donor), elementsOf(source)];
  const count = layer.follows(donorElements.length, sourceElements.length)
    ? sourceElements.length
    : donorElements.length;
  const pieces: Piece[] = [];
  for (let index = 0; index < count; index += 1) {
    const [donorElement, sourceElement] = [donorElements[index], sourceElements[index]];
    if (sourceElement === undefined) pieces.push(asItStands(donorElement!, true));
    else if (donorElement !== undefined) pieces.push(layElement(layer, donorElement, sourceElement));
    else if (donorElements.length > 0) pieces.push(layField(layer, donorElements[0]!, sourceElement));
    else pieces.push(layer.adopt(() => layField(layer, sourceElement, sourceElement)));
  }
  noteLength(layer, donor, source, donorElements, sourceElements, count);
  const asDonor = count === donorElements.length && pieces.every((piece) => piece.asDonor);
  return {
    bytes: concatBytes(pieces.map((piece) => piece.bytes)),
    entries: asDonor ? entriesOf(donor) : together(pieces),
    asDonor,
  };
}

function layElement(layer: Layer, donor: FieldNode, source: FieldNode): Piece {
  if (!sameTables(donor, source, donor.bytes, source.bytes)) return layField(layer, donor, source);
  layer.ledger.copied += layer.countValues(source);
  return asItStands(donor, true);
}

function noteLength(
  layer: Layer,
  donor: FieldNode,
  source: FieldNode,
  donorElements: readonly FieldNode[],
  sourceElements: readonly FieldNode[],
  count: number,
): void {
  const sizes = `${sourceElements.length} elements at the source, ${donorElements.length} at the destination`;
  const lost = sourceElements.slice(count);
  if (lost.length > 0) {
    const blank = lost.every(isBlank);
    layer.ledger.field(source, donor, {
      kind: 'cut',
      grade: blank ? 'exact' : 'lossy',
      why: `${sizes}${blank ? ': only zeros are lost' : ''}`,
    });
  }
  if (count > sourceElements.length)
    layer.ledger.field(source, donor, { kind: 'padded', grade: 'assumed', why: `${sizes}: the others as after reset` });
}

/** QTAILQ, QLIST and GTREE say themselves how long they are: all elements are the source's. */
function layList(layer: Layer, donor: Branch, source: Branch): Piece {
  const field = donor.fields[0]!;
  if (field.type !== source.fields[0]?.type) {
    layer.ledger.field(source, donor, {
      kind: 'donor',
      grade: layer.lossOf(source),
      why: 'a list of another kind at the destination',
    });
    return asItStands(donor, true);
  }
  if (field.type === 'gtree') {
    layer.ledger.copied += valuesBelow(source).length;
    return {
      bytes: source.bytes,
      entries: [{ ...field, size: source.end - source.start, inline: source.fields[0]!.inline }],
      asDonor: false,
    };
  }
  const isElement = (node: FieldNode): node is Branch => node.kind === 'struct';
  const [template] = [...donor.children()].filter(isElement);
  const laid: LaidTable[] = [...source.children()]
    .filter(isElement)
    .map((element) =>
      template === undefined
        ? layer.adopt(() => layTable(layer, element, element))
        : layTable(layer, template, element),
    );
  const bytes = concatBytes([...laid.map((table) => table.bytes), Uint8Array.of(0)]);
  return {
    bytes,
    entries: [{ ...field, size: bytes.length, inline: laid.map((table) => table.vmsd) }],
    asDonor: false,
  };
}

/** A table as a field of another. */
export function tablePiece(donor: Branch, table: LaidTable): Piece {
  if (table.asDonor) return { bytes: table.bytes, entries: donor.fields, asDonor: true };
  // In front of what a pointer points to stands the entry of its mark.
  const marks = donor.fields.slice(0, -1);
  const size = table.bytes.length - marks.reduce((sum, mark) => sum + (fieldSize(mark) ?? 0), 0);
  const entries = donor.fields.slice(-1).map((field): FieldSchema => {
    const entry: FieldSchema = { ...field, size, count: undefined, index: undefined };
    if (field.struct !== undefined) return { ...entry, struct: table.vmsd };
    return field.inline.length > 0 ? { ...entry, inline: [table.vmsd] } : entry;
  });
  return { bytes: table.bytes, entries: [...marks, ...entries], asDonor: false };
}

/** A field that the source never had: it must stand there, so the destination's own value does. */
function layMissing(layer: Layer, donor: FieldNode): Piece {
  if (donor.kind === 'leaf' && !saysSomething(donor)) return asItStands(donor, true);
  if (donor instanceof ArrayBranch && layer.follows(donor.length, 0))
    return { bytes: new Uint8Array(0), entries: [], asDonor: false };
  layer.ledger.field(undefined, donor, {
    kind: 'donor',
    grade: 'assumed',
    why: 'the source has no such field: the destination’s value after reset',
  });
  return asItStands(donor, true);
}

/** A field that the donor does not have. */
function layExtra(layer: Layer, table: Branch, source: FieldNode): Piece[] {
  if (source.kind === 'leaf' && !saysSomething(source)) return [];
  const count = source instanceof ArrayBranch ? source.length : 1;
  // An array of which the donor has no elements: QEMU describes it by nothing at all.
  const known = layer.knowsField(table.vmsd?.name ?? '', source.name);
  if ((count > 1 || known) && layer.follows(0, count))
    return [layer.adopt(() => layField(layer, source, source))].map((piece) => ({ ...piece, asDonor: false }));
  layer.ledger.field(source, undefined, {
    kind: 'dropped',
    grade: layer.lossOf(source),
    why: 'the destination has no such field',
  });
  return [];
}

interface Subsections {
  readonly bytes: readonly Uint8Array[];
  readonly parts: readonly VmsdSchema[];
  readonly asDonor: boolean;
}

function laySubsections(layer: Layer, donor: Branch, source: Branch): Subsections {
  const donorByName = new Map(partsOf(donor).map((part) => [part.name, part]));
  const sourceSubsections = partsOf(source);
  const laid: LaidTable[] = [];
  for (const part of sourceSubsections) {
    const donorSubsection = donorByName.get(part.name);
    const verdict = layer.knows(donor.vmsd!, donorSubsection !== undefined, part);
    if (verdict === 'unknown') {
      layer.ledger.field(part, undefined, {
        kind: 'dropped',
        grade: layer.lossOf(part),
        why: `the destination does not know this subsection`,
        cure: undefined,
      });
      continue;
    }
    if (verdict === 'unsure')
      layer.ledger.field(part, undefined, {
        kind: 'unchecked',
        grade: 'assumed',
        why: 'carried, although nothing says that the destination knows this subsection',
      });
    laid.push(
      donorSubsection === undefined || donorSubsection === part
        ? layer.adopt(() => layTable(layer, part, part))
        : layTable(layer, donorSubsection, part),
    );
  }
  for (const [name, part] of donorByName) {
    if (sourceSubsections.some((subsection) => subsection.name === name)) continue;
    layer.ledger.field(undefined, part, {
      kind: 'left-out',
      grade: 'assumed',
      why: 'the source has no such subsection: the destination keeps what it has after reset',
    });
  }
  return {
    bytes: laid.map(({ vmsd, bytes }) => concatBytes([encodeSubsectionHeader(vmsd.name, vmsd.version), bytes])),
    parts: laid.map(({ vmsd }) => vmsd),
    asDonor:
      laid.length === donorByName.size &&
      laid.every((table, i) => table.asDonor && table.vmsd === donor.vmsd!.subsections[i]),
  };
}

function fieldsOf(branch: Branch): FieldNode[] {
  return [...branch.children()].filter((node) => node.kind !== 'subsection' && node.name !== '@header');
}

function partsOf(branch: Branch): Branch[] {
  return [...branch.children()].filter((node) => node.kind === 'subsection') as Branch[];
}
