// The architecture's rules, each with the reason that is printed when it is broken. They judge facts (facts.ts) by the
// layer table (table.ts), so they can be fed made-up sources, which is how they are tested themselves.

import { posix } from 'node:path';
import type { Import, SourceFacts } from './facts.js';
import type { Layer } from './table.js';

export const MAX_LINES = 350;

/** Tests are tables of cases, and longer. */
export const MAX_TEST_LINES = 420;

export const reasons = {
  layer:
    'a file imports its own folder and what stands above it in the table, so that each layer can be understood and tested without those below',
  'types-only': 'values of this layer would tie the grammar to what it reads; a port asks instead',
  cycle: 'modules that need each other, for a value or for a type, cannot be understood, tested or split one by one',
  machine:
    'what only Node has (files, processes, the terminal, Buffer) is kept out of the portable core, where a test can replace it',
  package: 'a package stands behind one door, so that it can be replaced there',
  unresolved: 'every import must lead to a source file, or nothing can be said about it',
  homeless: 'every folder of src is a layer, with a place in the order',
  length: `a file of more than ${MAX_LINES} lines has more than one subject`,
  comment: 'the first lines say what lives here, before anybody has to read the code',
  enum: 'enums are code that cannot be erased; a const object and a union say the same',
  'default export': 'a thing has one name everywhere, so that it can be searched for',
  any: 'any switches the compiler off for everything that it touches; unknown does not',
  console: 'output goes through the host, so that tests see it and a library prints nothing',
} as const;

/** Largest share of the lines of src that one top folder may hold, in percent. */
export const MAX_ROOM_PERCENT = 25;

/** Largest median length of a file of src, in lines. */
export const MAX_MEDIAN_LINES = 90;

/** What is wrong with the sizes of a tree as a whole: a room that became an attic, files that grow. */
export function checkSizes(files: readonly Pick<SourceFacts, 'path' | 'lines'>[]): readonly string[] {
  const total = files.reduce((sum, file) => sum + file.lines, 0);
  const rooms = new Map<string, number>();
  for (const { path, lines } of files) {
    const room = path.includes('/') ? path.slice(0, path.indexOf('/') + 1) : path;
    rooms.set(room, (rooms.get(room) ?? 0) + lines);
  }
  const found = [...rooms]
    .filter(([, lines]) => lines * 100 > total * MAX_ROOM_PERCENT)
    .map(([room, lines]) => `${room} holds ${lines} of ${total} lines, more than ${MAX_ROOM_PERCENT} %`);
  const lengths = files.map((file) => file.lines).sort((a, b) => a - b);
  const median = lengths[lengths.length >> 1] ?? 0;
  if (median > MAX_MEDIAN_LINES) found.push(`the median file has ${median} lines, more than ${MAX_MEDIAN_LINES}`);
  return found;
}

export type Rule = keyof typeof reasons;

export interface Violation {
  readonly rule: Rule;
  readonly path: string;
  readonly line: number;
  readonly detail: string;
}

export function violationText({ rule, path, line, detail }: Violation): string {
  return `src/${path}:${line}: ${rule}: ${detail}\n    because ${reasons[rule]}`;
}

export function checkArchitecture(layers: readonly Layer[], files: readonly SourceFacts[]): readonly Violation[] {
  const paths = new Set(files.map((file) => file.path));
  return [
    ...files.flatMap((file) => [...checkForm(file), ...checkPlace(layers, file, paths)]),
    ...cycles(files, paths),
  ];
}

function checkForm(file: SourceFacts): Violation[] {
  const found: Violation[] = [];
  if (file.lines > MAX_LINES)
    found.push({ rule: 'length', path: file.path, line: MAX_LINES + 1, detail: `${file.lines} lines` });
  if (!file.opensWithComment) found.push({ rule: 'comment', path: file.path, line: 1, detail: 'opens with code' });
  for (const { what, line } of file.mentions) {
    if (what !== 'process' && what !== 'Buffer')
      found.push({ rule: what, path: file.path, line, detail: `${what} in src` });
  }
  return found;
}

function checkPlace(layers: readonly Layer[], file: SourceFacts, paths: ReadonlySet<string>): Violation[] {
  const layer = layerOf(layers, file.path);
  if (layer === undefined)
    return [{ rule: 'homeless', path: file.path, line: 1, detail: 'stands in no row of the layer table' }];
  const machine = onMachine(layer, file.path);
  const found: Violation[] = [];
  const add = (rule: Rule, line: number, detail: string): void =>
    void found.push({ rule, path: file.path, line, detail });

  for (const { what, line } of file.mentions) {
    if ((what === 'process' || what === 'Buffer') && !machine) add('machine', line, `${what}, in ${layer.path}`);
  }
  for (const entry of file.imports) {
    const { specifier, line } = entry;
    if (specifier === undefined) add('unresolved', line, 'imports what only run time knows');
    else if (specifier.startsWith('node:')) {
      if (!machine) add('machine', line, `${specifier}, in ${layer.path}`);
    } else if (!specifier.startsWith('.')) {
      const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      if (!layer.packages.some((grant) => grant.name === name && isIn(file.path, grant.where)))
        add('package', line, `${name}, in ${file.path}`);
    } else checkImport(layers, layer, file.path, entry, paths, add);
  }
  return found;
}

function checkImport(
  layers: readonly Layer[],
  layer: Layer,
  path: string,
  { specifier = '', typeOnly, line }: Import,
  paths: ReadonlySet<string>,
  add: (rule: Rule, line: number, detail: string) => void,
): void {
  const target = resolveImport(path, specifier, paths);
  const other = target === undefined ? undefined : layerOf(layers, target);
  if (target === undefined || other === undefined) add('unresolved', line, specifier);
  else if (!typeOnly && !onMachine(layer, path) && onMachine(other, target))
    add('machine', line, `${target}, in ${layer.path}`);
  else if (other === layer || layer.values.includes(other.path)) return;
  else if (!layer.types.includes(other.path)) add('layer', line, `${layer.path} imports ${target}`);
  else if (!typeOnly) add('types-only', line, `${layer.path} imports a value of ${target}`);
}

function onMachine(layer: Layer, path: string): boolean {
  return layer.machine.some((place) => isIn(path, place));
}

/** `./x.js` beside `a/b.ts` → `a/x.ts`. */
function resolveImport(from: string, specifier: string, paths: ReadonlySet<string>): string | undefined {
  if (!specifier.endsWith('.js')) return undefined;
  const target = posix.join(posix.dirname(from), specifier.replace(/\.js$/, '.ts'));
  return paths.has(target) ? target : undefined;
}

/** The row whose path is the longest that fits: `qemu/qmp/` wins over `qemu/`. */
function layerOf(layers: readonly Layer[], path: string): Layer | undefined {
  return layers.filter((layer) => isIn(path, layer.path)).sort((a, b) => b.path.length - a.path.length)[0];
}

function isIn(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

/** One violation for each import that closes a circle, found depth first. Lazy imports count, and so do types. */
function cycles(files: readonly SourceFacts[], paths: ReadonlySet<string>): Violation[] {
  const edges = new Map(files.map((file) => [file.path, file.imports]));
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const found: Violation[] = [];
  const visit = (path: string): void => {
    state.set(path, 'open');
    trail.push(path);
    for (const { specifier, line } of edges.get(path) ?? []) {
      const target = specifier === undefined ? undefined : resolveImport(path, specifier, paths);
      if (target === undefined) continue;
      if (state.get(target) === 'open') {
        found.push({ rule: 'cycle', path, line, detail: [...trail.slice(trail.indexOf(target)), target].join(' → ') });
      } else if (state.get(target) === undefined) visit(target);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const { path } of files) if (state.get(path) === undefined) visit(path);
  return found;
}
