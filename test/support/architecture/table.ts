// Reads the layer table of docs/architecture.md: who stands before whom, who may touch the machine, who may import
// which package. Small and strict: a cell that it does not understand is an error, never a rule that silently holds
// nothing.

export interface Layer {
  /** A folder of src with a slash at its end, or a file. */
  readonly path: string;
  /** Paths of the layers that it may import. */
  readonly values: readonly string[];
  /** Paths of the layers of which it may import types; holds `values` too. */
  readonly types: readonly string[];
  /** Where in it `node:` modules and `process` may be used. */
  readonly machine: readonly string[];
  readonly packages: readonly PackageGrant[];
}

export interface PackageGrant {
  readonly name: string;
  /** Where in src; the layer itself, or one file of it. */
  readonly where: string;
}

const columns = ['layer', 'holds', 'may import', 'machine', 'packages'];

/** Takes the first table whose head is `layer | holds | may import | machine | packages`. */
export function parseLayers(markdown: string): readonly Layer[] {
  const lines = markdown.split('\n').map((line) => line.trim());
  const head = lines.findIndex((line) => line.startsWith('|') && cells(line).join() === columns.join());
  if (head < 0) throw new Error(`no table with the head ${columns.join(' | ')}`);
  const layers: Layer[] = [];
  for (const line of lines.slice(head + 2)) {
    if (!line.startsWith('|')) break;
    layers.push(parseRow(cells(line), layers));
  }
  if (layers.length === 0) throw new Error('the layer table has no rows');
  return layers;
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function parseRow(row: readonly string[], above: readonly Layer[]): Layer {
  const [name = '', , mayImport = '', machine = '', packages = ''] = row;
  if (row.length !== columns.length) throw new Error(`a row of ${row.length} cells: ${row.join(' | ')}`);
  const path = single(name);
  const grants = parseImports(mayImport, above, path);
  return { path, ...grants, machine: parseMachine(machine, path), packages: parsePackages(packages, path) };
}

/** `nothing` | `only A, B` | `all above` [`but A, B`] [`of A, B only types`]. */
function parseImports(cell: string, above: readonly Layer[], path: string): Pick<Layer, 'values' | 'types'> {
  const known = above.map((layer) => layer.path);
  const named = (text: string | undefined): string[] =>
    quoted(text ?? '').map((name) => {
      if (!known.includes(name)) throw new Error(`${path} names ${name}, which does not stand above it`);
      return name;
    });
  if (cell === 'nothing') return { values: [], types: [] };
  const only = /^only ([^;]+)$/.exec(cell);
  if (only !== null) return { values: named(only[1]), types: named(only[1]) };
  const all = /^all above(?:, but ([^;]+?))?(?:; of ([^;]+?) only types)?$/.exec(cell);
  if (all === null) throw new Error(`${path}: not understood: ${cell}`);
  const [not, onlyTypes] = [named(all[1]), named(all[2])];
  const types = known.filter((name) => !not.includes(name));
  return { types, values: types.filter((name) => !onlyTypes.includes(name)) };
}

/** `no` | `yes` | the places inside the layer, quoted. */
function parseMachine(cell: string, path: string): readonly string[] {
  if (cell === 'no') return [];
  if (cell === 'yes') return [path];
  const places = quoted(cell);
  if (places.length === 0 || places.some((place) => !place.startsWith(path)))
    throw new Error(`${path}: not understood: ${cell}`);
  return places;
}

/** `none` | packages, quoted, each with an optional ``in `file` `` behind it. */
function parsePackages(cell: string, path: string): readonly PackageGrant[] {
  if (cell === 'none') return [];
  return cell.split(', ').map((part) => {
    const match = /^`([^`]+)`(?: in `([^`]+)`)?$/.exec(part);
    if (match?.[1] === undefined) throw new Error(`${path}: not understood: ${part}`);
    const where = match[2] ?? path;
    if (!where.startsWith(path)) throw new Error(`${path} grants ${match[1]} to ${where}, which is not in it`);
    return { name: match[1], where };
  });
}

function single(cell: string): string {
  const [name, ...more] = quoted(cell);
  if (name === undefined || more.length > 0) throw new Error(`one layer a row, not: ${cell}`);
  return name;
}

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
