// Random cases: one field of one capture gets another value. Fields are drawn by stratum, so that QEMU rejects about
// half of them; everything comes from the seed. Imports vmstate, its own folder.

import type { Span } from '../../../src/base/span.js';
import { leaves } from '../../../src/vmstate/index.js';
import { at, type Anatomy } from './anatomy.js';
import type { AgreementCase, Library } from './cases.js';
import { applyPatches, bytesOf, headerOf, put } from './patch.js';
import { releases, type Release } from './row.js';

/** A field and what it is part of. */
interface Field {
  readonly path: string;
  readonly span: Span;
}

/**
 * Shares of the draw, in percent. The frame is what QEMU looks at, device values and pages are what it mostly takes as
 * they are.
 */
const strata = {
  header: 2,
  configuration: 6,
  'section header': 9,
  footer: 3,
  command: 2,
  'block list': 8,
  'page header': 9,
  fill: 4,
  page: 5,
  device: 42,
  'pci config': 7,
  tail: 3,
} as const;

type Stratum = keyof typeof strata;

const scenarios = [
  'plain',
  'ignore-shared',
  'ignore-shared-2nodes',
  'q35-devices',
  'microvm',
  'uuid',
  'mapped-ram',
  'live-xbzrle',
];

/** Numbers from a seed: mulberry32, by Tommy Ettinger (public domain). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

function fieldsOf(a: Anatomy): Record<Stratum, Field[]> {
  const fields: Record<Stratum, Field[]> = {
    header: [
      { path: 'magic', span: at(0, 4) },
      { path: 'version', span: at(4, 4) },
    ],
    configuration: [],
    'section header': [],
    footer: [],
    command: [],
    'block list': [{ path: 'total', span: a.total }],
    'page header': [],
    fill: [],
    page: [],
    device: [],
    'pci config': [],
    tail: [],
  };
  if (a.configuration !== undefined) {
    fields.configuration.push({ path: 'type', span: at(8, 1) }, { path: 'machine length', span: a.machine.length });
    fields.configuration.push(...bytewise('machine', a.machine.name));
    for (const part of a.parts)
      fields.configuration.push(
        { path: `${part.name} version`, span: part.version },
        ...bytewise(`${part.name} body`, part.body),
      );
  }
  for (const item of a.items) {
    const label = `${item.kind} ${item.section?.idstr ?? ''}`.trimEnd();
    if (item.kind === 'start' || item.kind === 'full') {
      const { id, name, instance, version } = headerOf(item);
      for (const [path, span] of Object.entries({ type: at(item.span.start, 1), id, name, instance, version }))
        fields['section header'].push({ path: `${label}: ${path}`, span: path === 'name' ? at(span.start, 2) : span });
    } else if (item.kind === 'part' || item.kind === 'end') {
      fields['section header'].push(
        { path: `${label}: type`, span: at(item.span.start, 1) },
        { path: `${label}: id`, span: at(item.span.start + 1, 4) },
      );
    }
    if (item.section !== undefined)
      fields.footer.push(
        { path: `${label}: mark`, span: at(item.footer.start, 1) },
        { path: `${label}: footer id`, span: at(item.footer.start + 1, 4) },
      );
    if (item.kind === 'command')
      fields.command.push(
        { path: 'number', span: at(item.span.start + 1, 2) },
        { path: 'length', span: at(item.span.start + 3, 2) },
      );
    if (item.kind === 'eof') fields.tail.push({ path: 'EOF', span: item.span });
    if (item.kind === 'vmdescription')
      fields.tail.push(
        { path: 'type', span: at(item.span.start, 1) },
        { path: 'length', span: at(item.span.start + 1, 4) },
        { path: 'JSON', span: at(item.payload.start + 100, 1) },
      );
  }
  for (const block of a.blocks) {
    fields['block list'].push(
      { path: `${block.idstr}: name`, span: at(block.name.start, 2) },
      { path: `${block.idstr}: length`, span: block.length },
    );
    if (block.gpaAt !== undefined) fields['block list'].push({ path: `${block.idstr}: gpa`, span: block.gpaAt });
    if (block.mappedAt !== undefined) {
      const from = block.mappedAt.start;
      for (const [path, span] of Object.entries({
        version: at(from, 4),
        page_size: at(from + 4, 8),
        bitmap_offset: at(from + 12, 8),
        pages_offset: at(from + 20, 8),
      }))
        fields['block list'].push({ path: `${block.idstr}: ${path}`, span });
    }
  }
  for (const mark of a.marks) fields['page header'].push({ path: mark.mark, span: at(mark.span.start, 8) });
  for (const record of a.records) {
    const label = `${record.block}+0x${record.addr.toString(16)}`;
    fields['page header'].push({ path: `${label}: address and flags`, span: record.word });
    if (record.named) fields['page header'].push({ path: `${label}: name`, span: at(record.word.end, 2) });
    if (record.kind === 'zero') fields.fill.push({ path: `${label}: fill`, span: record.body });
    else if (record.kind === 'page')
      fields.page.push({ path: `${label}: byte 100`, span: at(record.body.start + 100, 1) });
  }
  for (const device of a.devices) {
    for (const leaf of leaves(device.root)) {
      if (leaf.end === leaf.start) continue;
      const where =
        /\.config(\[\d+\])?\./.test(leaf.path) && leaf.path.includes('parent_obj') ? 'pci config' : 'device';
      const length = leaf.scalar === undefined ? 1 : leaf.end - leaf.start;
      fields[where].push({ path: leaf.fullPath, span: at(leaf.span.start, length) });
    }
  }
  return fields;
}

const bytewise = (path: string, span: Span): Field[] =>
  Array.from({ length: span.end - span.start }, (_, i) => ({ path: `${path}[${i}]`, span: at(span.start + i, 1) }));

/** Another value: a flipped bit, one more, one less, nothing, everything, or anything. */
function otherValue(old: Uint8Array, dice: Dice): Uint8Array {
  const value = Uint8Array.from(old);
  for (;;) {
    const last = value.length - 1;
    switch (dice.below(6)) {
      case 0:
        value[dice.below(value.length)]! ^= 1 << dice.below(8);
        break;
      case 1:
        value[last]! += 1;
        break;
      case 2:
        value[last]! -= 1;
        break;
      case 3:
        value.fill(0);
        break;
      case 4:
        value.fill(0xff);
        break;
      default:
        for (let i = 0; i < value.length; i += 1) value[i] = dice.below(256);
    }
    if (value.some((byte, i) => byte !== old[i])) return value;
  }
}

/** So many cases of a seed; always the same ones for the same captures. */
export async function randomCases(library: Library, seed: number, count: number): Promise<AgreementCase[]> {
  const dice = new Dice(seed);
  const known = new Map<string, Record<Stratum, Field[]>>();
  const drawn = Object.entries(strata).flatMap(([name, share]) => Array.from({ length: share }, () => name as Stratum));
  const cases: AgreementCase[] = [];
  while (cases.length < count) {
    const release = dice.of<Release>(releases);
    const scenario = dice.of(scenarios);
    const stratum = dice.of(drawn);
    if (!library.has(release, scenario)) continue;
    const base = await library.base(release, scenario);
    const fields = known.get(base.name) ?? fieldsOf(base.anatomy);
    known.set(base.name, fields);
    if (fields[stratum].length === 0) continue;
    const field = pick(fields[stratum], stratum, dice);
    const value = otherValue(bytesOf(base.anatomy, field.span), dice);
    cases.push({
      name: `${release} random ${String(cases.length).padStart(3, '0')}: ${scenario}, ${stratum}, ${field.path} = ${Buffer.from(value).toString('hex')}`,
      rule: 'random',
      release,
      stream: applyPatches(base.bytes, [put(field.span, value)]),
      argv: base.argv,
      capabilities: base.capabilities,
      transport: release === '5.2' || release === '7.2' ? 'exec' : base.transport,
      pristine: false,
    });
  }
  return cases;
}

/** Devices evenly: otherwise the tables of two or three would be all. */
function pick(fields: readonly Field[], stratum: Stratum, dice: Dice): Field {
  if (stratum !== 'device' && stratum !== 'pci config') return dice.of(fields);
  const groups = new Map<string, Field[]>();
  for (const field of fields) {
    const device = field.path.slice(0, field.path.indexOf('.', field.path.lastIndexOf('/') + 1));
    const group = groups.get(device);
    if (group === undefined) groups.set(device, [field]);
    else group.push(field);
  }
  return dice.of(dice.of([...groups.values()]));
}
