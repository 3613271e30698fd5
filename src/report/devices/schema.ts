// `mstream inspect --schema`: the fields of devices with types and sizes. There are no offsets and no values. Each
// field has one line, and all of QEMU's spellings of an array look alike, so two streams can be compared by diff.

import { escapeText } from '../../base/quote.js';
import type { StreamDevice } from '../../ops/devices/stream-device.js';
import { deviceLabel, type FieldSchema, type VmsdSchema } from '../../vmstate/index.js';
import type { Theme } from '../theme.js';

/** Deeper levels are not indented further. */
const MAX_INDENT = 16;

export function* schemaLines({ section, state, layout, reason }: StreamDevice, theme: Theme): Generator<string> {
  const { vmsd } = state.device;
  const label = theme.heading(escapeText(deviceLabel({ name: section.idstr, instanceId: section.instanceId })));
  if (layout === 'none') {
    yield `${label}  version ${section.versionId}, ${theme.warning(`no layout: ${escapeText(reason ?? '')}`)}`;
    return;
  }
  yield vmsd.name === ''
    ? `${label}  version ${section.versionId}, no table`
    : `${label}  ${escapeText(vmsd.name)} version ${vmsd.version}`;
  yield* tableLines(vmsd, 1, theme);
}

function* tableLines(vmsd: VmsdSchema, depth: number, theme: Theme): Generator<string> {
  const { fields } = vmsd;
  for (let at = 0; at < fields.length;) {
    const field = fields[at]!;
    let next = at + 1;
    let count = field.count ?? 1;
    while (next < fields.length && alike(field, fields[next]!)) {
      count += fields[next]!.count ?? 1;
      next += 1;
    }
    const array = field.count !== undefined || next > at + 1;
    yield line(depth, `${theme.name(escapeText(field.name))}${array ? `[${count}]` : ''}`, typeText(field));
    if (field.struct !== undefined) yield* tableLines(field.struct, depth + 1, theme);
    for (const table of field.inline) {
      if (table.name !== '') yield line(depth + 1, theme.dim(escapeText(table.name)), `version ${table.version}`);
      yield* tableLines(table, depth + 1, theme);
    }
    at = next;
  }
  for (const part of vmsd.subsections) {
    yield line(depth, theme.strong(`subsection ${escapeText(part.name)}`), `version ${part.version}`);
    yield* tableLines(part, depth + 1, theme);
  }
}

function line(depth: number, name: string, rest: string): string {
  return `${'  '.repeat(Math.min(depth, MAX_INDENT))}${name}  ${rest}`;
}

function typeText({ type, size, struct }: FieldSchema): string {
  const table =
    struct === undefined || struct.name === '' ? '' : ` ${escapeText(struct.name)} version ${struct.version}`;
  return `${escapeText(type)}${table}${size === undefined ? ', of unknown size' : ` ${size}`}`;
}

/** Tells whether two entries could be elements of one array. */
function alike(a: FieldSchema, b: FieldSchema): boolean {
  return (
    a.name === b.name &&
    a.type === b.type &&
    a.size === b.size &&
    sameTables(a.struct === undefined ? [] : [a.struct], b.struct === undefined ? [] : [b.struct]) &&
    sameTables(a.inline, b.inline)
  );
}

function sameTables(a: readonly VmsdSchema[], b: readonly VmsdSchema[]): boolean {
  return (
    a.length === b.length &&
    a.every((first, i) => {
      const second = b[i]!;
      return (
        first.name === second.name &&
        first.version === second.version &&
        first.fields.length === second.fields.length &&
        first.fields.every((field, k) => field.count === second.fields[k]!.count && alike(field, second.fields[k]!)) &&
        sameTables(first.subsections, second.subsections)
      );
    })
  );
}
