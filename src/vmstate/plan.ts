// Facts about a table that need no bytes: the consecutive entries that form an array, the steps of its paths, the
// headers that its subsections must have.

import { unlessBroken } from '../base/errors.js';
import { encodeSubsectionHeader } from '../wire/subsection.js';
import { subsectionHeaderSize, vmsdSize, type FieldSchema, type VmsdSchema } from './schema.js';

/** Runs of entries and subsections, in stream order. */
export interface Plan {
  readonly runs: readonly Run[];
  readonly parts: readonly {
    readonly name: string;
    readonly part: VmsdSchema;
    readonly header: Uint8Array | undefined;
    readonly size: number;
  }[];
}

/** Consecutive entries with the same name: an array, unless there is only one entry. */
export interface Run {
  /** The step of the path. */
  readonly name: string;
  readonly first: FieldSchema;
  /** All entries of the array, when there are several. */
  readonly all: readonly FieldSchema[] | undefined;
}

/** The place where plans are kept. */
export interface PlanCache {
  get(vmsd: VmsdSchema): Plan | undefined;
  set(vmsd: VmsdSchema, plan: Plan): unknown;
}

/** In time linear in the table: the author of the description may be hostile. */
export function planOf(vmsd: VmsdSchema): Plan {
  const { fields, subsections } = vmsd;
  const runs: Run[] = [];
  for (let at = 0; at < fields.length;) {
    const first = fields[at]!;
    let next = at + 1;
    while (next < fields.length && fields[next]!.name === first.name) next += 1;
    runs.push({ name: first.name, first, all: next === at + 1 ? undefined : fields.slice(at, next) });
    at = next;
  }
  const named = (runs.length <= SMALL ? clashesInSmall(runs) : clashes(runs)) ? withSteps(runs) : runs;
  return { runs: named, parts: subsections.length === 0 ? NO_PARTS : partsOf(subsections, named) };
}

const NO_PARTS: Plan['parts'] = [];
/** Up to this number, comparing every pair is cheaper than a set. */
const SMALL = 16;
/** Longer names are not usable as paths. */
const MAX_STEP = 255;
const DOT = 0x2e;
const AT = 0x40;
const BRACKET = 0x5b;

function isBranch({ first, all }: Run): boolean {
  return all !== undefined || first.count !== undefined || first.struct !== undefined || first.inline.length > 0;
}

/** Tells whether a name cannot be used unchanged as a step. */
function clashes(runs: readonly Run[]): boolean {
  const names = new Set<string>();
  let branches: Set<string> | undefined;
  for (const run of runs) {
    names.add(run.name);
    if (isBranch(run)) (branches ??= new Set()).add(run.name);
  }
  if (names.size < runs.length) return true;
  const among = branches;
  return runs.some(({ name }) => isOdd(name) || (among !== undefined && intoBranch(name, among)));
}

function clashesInSmall(runs: readonly Run[]): boolean {
  for (const run of runs) {
    if (isOdd(run.name)) return true;
    for (const sibling of runs) {
      if (sibling === run) continue;
      if (sibling.name === run.name) return true;
      const code = run.name.charCodeAt(sibling.name.length);
      if ((code === DOT || code === BRACKET) && isBranch(sibling) && run.name.startsWith(sibling.name)) return true;
    }
  }
  return false;
}

/** True for names that are empty, absurdly long, or like a step that this package makes. */
function isOdd(name: string): boolean {
  const first = name.charCodeAt(0);
  return name === '' || first === AT || first === BRACKET || name.length > MAX_STEP;
}

/**
 * Tells whether a name could be a path into a sibling. QEMU's i8254 has an array `channels` and, beside it, a field
 * `channels[0].next_transition_time`.
 */
function intoBranch(name: string, branches: ReadonlySet<string>): boolean {
  for (let at = 1; at < name.length && at <= MAX_STEP; at += 1) {
    const code = name.charCodeAt(at);
    if ((code === DOT || code === BRACKET) && branches.has(name.slice(0, at))) return true;
  }
  return false;
}

function withSteps(runs: readonly Run[]): Run[] {
  const branches = new Set(runs.filter(isBranch).map((run) => run.name));
  const names = new Set(runs.map((run) => run.name));
  const given = new Map<string, number>();
  return runs.map((run) => ({
    ...run,
    name: step(given, names, run.name, isOdd(run.name) || (branches.size > 0 && intoBranch(run.name, branches))),
  }));
}

function partsOf(subsections: readonly VmsdSchema[], runs: readonly Run[]): Plan['parts'] {
  const given = new Map(runs.map((run) => [run.name, 1]));
  return subsections.map((part) => ({
    name: step(given, given, part.name, isOdd(part.name)),
    part,
    header: headerOf(part),
    size: subsectionHeaderSize(part.name) + (vmsdSize(part) ?? Number.NaN),
  }));
}

/** The name, or the name with the first free suffix. */
function step(given: Map<string, number>, names: { has(name: string): boolean }, name: string, odd: boolean): string {
  const base = name === '' ? '@unnamed' : name.length > MAX_STEP ? name.slice(0, MAX_STEP) : name;
  let times = (given.get(base) ?? (odd ? 1 : 0)) + 1;
  let stepName = times === 1 ? base : `${base}@${times}`;
  while (times > 1 && (names.has(stepName) || given.has(stepName))) {
    times += 1;
    stepName = `${base}@${times}`;
  }
  given.set(base, times);
  if (times > 1) given.set(stepName, 1);
  return stepName;
}

/** Streams have a few dozen kinds of subsections, each in many devices. */
const headers = new Map<string, Uint8Array | undefined>();
const MAX_HEADERS = 512;

/** The header as on the wire; undefined when no stream can contain such a name or version. */
function headerOf({ name, version }: VmsdSchema): Uint8Array | undefined {
  const key = `${version} ${name}`;
  const known = headers.get(key);
  if (known !== undefined) return known;
  if (headers.size >= MAX_HEADERS) headers.clear();
  const header = unlessBroken(() => encodeSubsectionHeader(name, version));
  headers.set(key, header);
  return header;
}
