// What a table says before any bytes are looked at: which consecutive entries are one array, the steps of its paths, the
// headers that its subsections must have. Made once for all elements of an array. May import base, wire.

import { MigrationStreamError } from '../base/errors.js';
import { encodeBytes } from '../wire/kit/codec.js';
import { subsectionHeader } from '../wire/subsection.js';
import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from './schema.js';

/** Runs of entries and subsections, in stream order. */
export interface Plan {
  readonly runs: readonly Run[];
  readonly parts: readonly { readonly name: string; readonly part: VmsdSchema; readonly header: Uint8Array | undefined; readonly size: number }[];
}

/** Consecutive entries of one name: an array, unless there is only one. */
export interface Run {
  /** The step of the path. */
  readonly name: string;
  readonly fields: readonly FieldSchema[];
}

const plans = new WeakMap<VmsdSchema, Plan>();
const NO_PARTS: Plan['parts'] = [];

/** The same answer for the same table, as long as somebody holds the table. */
export function planOf(vmsd: VmsdSchema): Plan {
  const known = plans.get(vmsd);
  if (known !== undefined) return known;
  const { fields, subsections } = vmsd;
  const lists: FieldSchema[][] = [];
  for (let first = 0; first < fields.length; ) {
    const { name } = fields[first]!;
    let next = first + 1;
    while (next < fields.length && fields[next]!.name === name) next += 1;
    lists.push(fields.slice(first, next));
    first = next;
  }
  const seen = new Set<string>(OURS);
  const branches = new Set<string>();
  for (const [first, second] of lists as [FieldSchema, FieldSchema?][]) {
    if (second !== undefined || first.count !== undefined || first.struct !== undefined || first.inline.length > 0) branches.add(first.name);
  }
  const runs = lists.map((list) => ({ name: step(seen, branches, list[0]!.name), fields: list }));
  const parts =
    subsections.length === 0
      ? NO_PARTS
      : subsections.map((part) => ({
          name: unused(seen, part.name),
          part,
          header: headerOf(part),
          size: subsectionHeaderSize(part.name) + (vmsdSize(part) ?? Number.NaN),
        }));
  const plan = { runs, parts };
  plans.set(vmsd, plan);
  return plan;
}

/** Steps that only we give. */
const OURS = ['@rest', '@header', '@mark', '@key', '@present'];

/**
 * The step of a field. QEMU gives i8254 an array `channels` and, beside it, a field `channels[0].next_transition_time`:
 * such a name, which could be a path into a neighbour, becomes another.
 */
function step(seen: Set<string>, branches: ReadonlySet<string>, name: string): string {
  if (name === '') return unused(seen, '@unnamed');
  for (let at = 1; branches.size > 0 && at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if ((code === 0x2e || code === 0x5b) && branches.has(name.slice(0, at))) {
      seen.add(name);
      break;
    }
  }
  return unused(seen, name);
}

/** QEMU's names are unique in a table; a description may be from anywhere, and paths must be. */
function unused(seen: Set<string>, name: string): string {
  let one = name;
  for (let times = 2; seen.has(one); times += 1) one = `${name}@${times}`;
  seen.add(one);
  return one;
}

/** As it stands on the wire; undefined when no stream can hold such a name or version. */
function headerOf(part: VmsdSchema): Uint8Array | undefined {
  try {
    return encodeBytes(subsectionHeader, { mark: 5, name: part.name, version: part.version });
  } catch (error) {
    if (error instanceof MigrationStreamError) return undefined;
    throw error;
  }
}
