// Which field of the source is which of the donor: by name; what is left over on both sides, at the same place between
// the same neighbours and of the same shape, has only been renamed.

import type { FieldNode } from '../../../vmstate/index.js';

/** The same bytes, one blob on one side and several fields on the other. */
export interface Regrouped {
  readonly donor: readonly FieldNode[];
  readonly source: readonly FieldNode[];
}

export interface Match {
  /** By its first donor's field. */
  readonly regrouped: ReadonlyMap<FieldNode, Regrouped>;
  /** The donor's fields in order, each with the source's; `renamed`: under another name. */
  readonly pairs: readonly {
    readonly donor: FieldNode;
    readonly source: FieldNode | undefined;
    readonly renamed: boolean;
  }[];
  /** Fields that only the source has, by the donor's field that they stand behind (undefined: in front of all). */
  readonly extra: ReadonlyMap<FieldNode | undefined, readonly FieldNode[]>;
}

/** Fields of one table on both sides; subsections are none. */
export function matchFields(allDonor: readonly FieldNode[], allSource: readonly FieldNode[]): Match {
  const regrouped = new Map(regroup(allDonor, allSource).map((group) => [group.donor[0]!, group]));
  const groups = [...regrouped.values()];
  // Of a group only its first fields take part in what follows.
  const donor = allDonor.filter((node) => !groups.some((group) => group.donor.indexOf(node) > 0));
  const source = allSource.filter((node) => !groups.some((group) => group.source.indexOf(node) > 0));
  const byName = new Map(source.map((node) => [node.name, node]));
  const partner = new Map<FieldNode, FieldNode>();
  const taken = new Set<FieldNode>();
  for (const node of donor) {
    const same = byName.get(node.name);
    if (same === undefined) continue;
    partner.set(node, same);
    taken.add(same);
  }
  const renamed = renames(donor, source, partner, taken);
  for (const [node, counterpart] of renamed) {
    partner.set(node, counterpart);
    taken.add(counterpart);
  }
  const backwards = new Map([...partner].map(([node, counterpart]) => [counterpart, node]));
  const extra = new Map<FieldNode | undefined, FieldNode[]>();
  let behind: FieldNode | undefined;
  for (const node of source) {
    if (taken.has(node)) {
      behind = backwards.get(node);
      continue;
    }
    const list = extra.get(behind);
    if (list === undefined) extra.set(behind, [node]);
    else list.push(node);
  }
  return {
    regrouped,
    pairs: donor.map((node) => ({ donor: node, source: partner.get(node), renamed: renamed.has(node) })),
    extra,
  };
}

/** A blob on one side that is as long as the fields from the one of its name on, which the other side does not have. */
function regroup(donor: readonly FieldNode[], source: readonly FieldNode[]): Regrouped[] {
  const found: Regrouped[] = [];
  const names = [donor, source].map((list) => new Set(list.map((node) => node.name)));
  const group = (
    blob: FieldNode,
    list: readonly FieldNode[],
    foreignNames: ReadonlySet<string>,
  ): readonly FieldNode[] | undefined => {
    const first = list.findIndex((node) => node.name === blob.name);
    const start = list[first];
    const wanted = blob.end - blob.start;
    if (start === undefined || !isBytes(blob) || !isBytes(start) || start.end - start.start >= wanted) return undefined;
    for (let last = first + 1; last < list.length && !foreignNames.has(list[last]!.name); last += 1) {
      const size = list[last]!.end - start.start;
      if (size === wanted) return list.slice(first, last + 1);
      if (size > wanted) return undefined;
    }
    return undefined;
  };
  for (const node of donor) {
    const several = group(node, source, names[0]!);
    if (several !== undefined) found.push({ donor: [node], source: several });
  }
  for (const node of source) {
    const several = group(node, donor, names[1]!);
    if (several !== undefined) found.push({ donor: several, source: [node] });
  }
  return found;
}

function isBytes(node: FieldNode): boolean {
  return node.kind === 'leaf' && node.scalar === undefined && node.role !== 'frame' && node.role !== 'unused';
}

function renames(
  donor: readonly FieldNode[],
  source: readonly FieldNode[],
  partner: ReadonlyMap<FieldNode, FieldNode>,
  taken: ReadonlySet<FieldNode>,
): Map<FieldNode, FieldNode> {
  const found = new Map<FieldNode, FieldNode>();
  const places = new Map(source.map((node, index) => [node, index]));
  for (let at = 0; at < donor.length;) {
    if (partner.has(donor[at]!)) {
      at += 1;
      continue;
    }
    let next = at;
    while (next < donor.length && !partner.has(donor[next]!)) next += 1;
    const before = at === 0 ? -1 : places.get(partner.get(donor[at - 1]!)!)!;
    const after = next === donor.length ? source.length : places.get(partner.get(donor[next]!)!)!;
    const gap = source.slice(before + 1, Math.max(before + 1, after));
    const run = donor.slice(at, next);
    if (
      gap.length === run.length &&
      gap.every((counterpart, i) => !taken.has(counterpart) && sameShape(run[i]!, counterpart))
    )
      run.forEach((node, i) => found.set(node, gap[i]!));
    at = next;
  }
  return found;
}

/** Type and size, and for tables the table's name. */
function sameShape(a: FieldNode, b: FieldNode): boolean {
  if (a.kind !== b.kind || a.end - a.start !== b.end - b.start) return false;
  if (a.kind === 'leaf' || b.kind === 'leaf')
    return (
      a.kind === 'leaf' &&
      b.kind === 'leaf' &&
      a.role === b.role &&
      a.field?.type === b.field?.type &&
      a.role !== 'frame'
    );
  const [firstField, secondField] = [a.fields[0], b.fields[0]];
  return (
    firstField !== undefined &&
    secondField !== undefined &&
    firstField.type === secondField.type &&
    a.vmsd?.name === b.vmsd?.name
  );
}
