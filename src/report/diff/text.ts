// The report of `mstream diff` for people: what differs, folded where it is much, and the answer last.

import type { FieldJson } from '../../ops/devices/field-json.js';
import {
  countDifferences,
  type BlockDifference,
  type DeviceDifference,
  type Diff,
  type FieldDifference,
  type StatementDifference,
} from '../../ops/diff/result.js';
import { printableLine } from '../printable.js';
import { bytesText, countText, hexText, plural } from '../quantity.js';
import type { Theme } from '../theme.js';

export interface DiffTextOptions {
  /** Every difference, instead of the first of each kind. */
  readonly all: boolean;
  /** `fold`: noise is counted only. `ignore`: nothing is said of it. */
  readonly noise: 'show' | 'fold' | 'ignore';
}

/** Page ranges of a block that are listed. */
const MAX_RANGES = 16;
/** Characters of a value that is shown as bytes or text. */
const MAX_VALUE = 48;

export function* diffLines(diff: Diff, options: DiffTextOptions, theme: Theme): Generator<string> {
  if (diff.form.length > 0) {
    yield theme.heading('Form (the same VM can be written either way)');
    for (const statement of diff.form) yield statementLine(statement, theme);
  }
  if (diff.configuration.length > 0) {
    yield theme.heading('Configuration');
    for (const statement of diff.configuration) yield statementLine(statement, theme);
  }
  const devices = options.noise === 'ignore' ? diff.devices.filter(hasSignal) : diff.devices;
  if (devices.length > 0) yield theme.heading('Devices');
  for (const device of devices) yield* deviceLines(device, options, theme);
  if (diff.blocks !== undefined && diff.blocks.length > 0) {
    yield theme.heading('Memory');
    for (const block of diff.blocks) yield* blockLines(block, options, theme);
  }
  yield answer(diff, options, theme);
}

/** Is there a difference besides noise? */
function hasSignal({ fields, only, version, more, note }: DeviceDifference): boolean {
  return (
    only !== undefined ||
    version !== undefined ||
    more > 0 ||
    note !== undefined ||
    fields.some(({ noise }) => noise === undefined)
  );
}

function statementLine({ what, a, b }: StatementDifference, theme: Theme): string {
  return `  ${theme.label(printableLine(what).padEnd(28))}  ${side(a)} ${theme.dim('|')} ${side(b)}`;
}

function side(text: string | undefined): string {
  return text === undefined ? '-' : printableLine(text);
}

function* deviceLines(device: DeviceDifference, options: DiffTextOptions, theme: Theme): Generator<string> {
  const { fields, only, size, version, more, note } = device;
  const name = theme.name(printableLine(device.device));
  if (only !== undefined) {
    yield `  ${name}  ${theme.warning(`only in ${only.toUpperCase()}`)}, ${bytesText((only === 'a' ? size.a : size.b)!)}`;
    return;
  }
  const facts = [
    version === undefined ? undefined : `version ${version.a} | ${version.b}`,
    size.a === size.b ? undefined : `${bytesText(size.a!)} | ${bytesText(size.b!)}`,
    note === undefined ? undefined : theme.warning(printableLine(note)),
  ].filter((fact) => fact !== undefined);
  const noise = fields.filter((field) => field.noise !== undefined);
  const shown = options.noise === 'show' ? fields : fields.filter((field) => field.noise === undefined);
  const folded =
    options.noise === 'fold' && noise.length > 0 ? theme.dim(`${plural(noise.length, 'field')} of noise`) : undefined;
  yield `  ${[name, ...facts, folded].filter((part) => part !== undefined).join('  ')}`;
  yield* fieldLines(shown, options.all, theme);
  if (more > 0) yield theme.dim(`    … and ${plural(more, 'difference')} more`);
}

/** Fields of one kind stand in one line: the first of them, and how many more there are. */
function* fieldLines(fields: readonly FieldDifference[], all: boolean, theme: Theme): Generator<string> {
  if (all) {
    for (const field of fields) yield fieldLine(field, '', theme);
    return;
  }
  const kinds = new Map<string, { readonly first: FieldDifference; count: number }>();
  for (const field of fields) {
    const kind = field.path.replace(/\[[\d-]+\]/g, '[*]');
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, { first: field, count: 1 });
    else known.count += 1;
  }
  for (const [kind, { first, count }] of kinds)
    yield fieldLine(first, count === 1 ? '' : `and ${countText(count - 1)} more of ${kind}`, theme);
}

function fieldLine({ path, a, b, noise }: FieldDifference, rest: string, theme: Theme): string {
  const parts = [
    theme.label(printableLine(path).padEnd(40)),
    `${valueText(a)} ${theme.dim('|')} ${valueText(b)}`,
    theme.dim(
      [noise === undefined ? '' : `noise: ${noise}`, printableLine(rest)].filter((part) => part !== '').join('; '),
    ),
  ];
  return `    ${parts.join('  ')}`.trimEnd();
}

function valueText(field: FieldJson | undefined): string {
  if (field === undefined) return '-';
  const { value, values, bytes, meaning, type } = field;
  const text = value !== undefined ? String(value) : values !== undefined ? values.join(' ') : (bytes ?? type ?? '');
  const cut = text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
  return printableLine(meaning === undefined ? cut : `${cut} (${meaning})`);
}

function* blockLines(block: BlockDifference, { all }: DiffTextOptions, theme: Theme): Generator<string> {
  const { only, length, note, pages, different, ranges, pageSize, bytes, moreRanges } = block;
  const name = theme.name(printableLine(block.block));
  if (only !== undefined) {
    yield `  ${name}  ${theme.warning(`only in ${only.toUpperCase()}`)}, ${bytesText((only === 'a' ? length.a : length.b)!)}`;
    return;
  }
  const facts = [
    length.a === length.b ? undefined : `${bytesText(length.a!)} | ${bytesText(length.b!)}`,
    note === undefined
      ? `${countText(different)} of ${plural(pages, 'page')} differ`
      : theme.warning(`not compared: ${note}`),
    bytes === undefined ? undefined : `${plural(bytes, 'byte')} differ`,
  ];
  yield `  ${name}  ${facts.filter((fact) => fact !== undefined).join(', ')}`;
  const shown = all ? ranges : ranges.slice(0, MAX_RANGES);
  for (const { first, count } of shown)
    yield `    ${theme.offset(`${hexText(first * pageSize)}-${hexText((first + count) * pageSize)}`)}  ${plural(count, 'page')}`;
  const left = ranges.length - shown.length + moreRanges;
  if (left > 0) yield theme.dim(`    … and ${plural(left, 'range')} more`);
}

function answer(diff: Diff, { noise: mode }: DiffTextOptions, theme: Theme): string {
  const { real, noise } = countDifferences(diff);
  const compared =
    diff.blocks === undefined
      ? plural(diff.devicesCompared, 'device')
      : `${plural(diff.devicesCompared, 'device')} and ${plural(diff.pagesCompared, 'page')}`;
  const broken = [diff.a, diff.b].filter(({ error }) => error !== undefined).map(({ label }) => printableLine(label));
  if (broken.length > 0)
    return `${theme.error('incomplete')}: ${compared} compared, until ${broken.join(' and ')} broke off`;
  if (real === 0 && (noise === 0 || mode === 'ignore'))
    return `${theme.good('same')}: ${compared} compared${noise === 0 ? '' : `, ${plural(noise, 'field')} of noise ignored`}`;
  if (real === 0) return `${theme.warning('only noise differs')}: ${plural(noise, 'field')}; ${compared} compared`;
  return `${theme.error('different')}: ${compared} compared`;
}
