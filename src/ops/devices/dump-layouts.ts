// Layouts out of what `qemu-system-… -M MACHINE -dump-vmstate FILE` writes. A dump tells less than a vmdescription:
// fields with their sizes in memory, whether a field is there only sometimes, since 8.0 how long fixed arrays are;
// never types, signs, or how long lists and variable arrays were. So a layout is solved for: every way of reading the
// payload that the dump allows, and only when exactly one accounts for each byte is it believed.

import { vmsdNameOf } from '../../base/idstr.js';
import { quote } from '../../base/quote.js';
import { latin1 } from '../../bytes/window.js';
import {
  plainField,
  readDump,
  subsectionHeaderSize,
  type DumpField,
  type DumpTable,
  type FieldSchema,
  type VmsdSchema,
} from '../../vmstate/index.js';
import { sectionType } from '../../wire/section.js';
import { fitsExactly, type Layouts } from './stream-device.js';

/** Where we know a field's type although the dump does not say. QEMU: vmstate_pci_device, hw/pci/pci.c. */
const knownTypes: Readonly<Record<string, string>> = {
  'PCIDevice.config': 'pci config',
  'PCIDevice.irq_state': 'pci irq state',
};

/** A QEMUTimer that stands in a struct itself; on the wire it is its expiry. */
const TIMER_IN_MEMORY = 48;
/**
 * Fields that are tried before a payload counts as not solvable, and how many of them one behind the other (each is a
 * call).
 */
const MAX_STEPS = 20_000;
const MAX_DEPTH = 600;

/** @throws MigrationStreamError code `bad-vmdescription` when `dump` is none */
export function layoutsOfDump(dump: Uint8Array, label: string): Layouts {
  const tables = new Map<string, DumpTable[]>();
  for (const table of readDump(dump, label).values()) {
    const list = tables.get(table.name);
    if (list === undefined) tables.set(table.name, [table]);
    // Types share tables: hundreds of PCI bridges, one description.
    else if (!list.some((known) => JSON.stringify(known) === JSON.stringify(table))) list.push(table);
  }
  const counts = hasCounts([...tables.values()].flat());
  return {
    origin: 'dump',
    label,
    layoutOf(section, payload) {
      const name = vmsdNameOf(section.idstr);
      const known = tables.get(name);
      if (known === undefined) return `${label} has no device ${quote(name)}`;
      const versions = known.filter((table) => table.versionId === section.versionId);
      if (versions.length === 0) return `${label} has version ${known[0]!.versionId} of ${quote(name)}`;
      const solver = new Solver(payload);
      for (const table of versions) solver.solve(table);
      const [found, second] = solver.found;
      if (second !== undefined) return `${label} allows more than one way to read it`;
      const device =
        found === undefined || solver.exhausted
          ? undefined
          : { name: section.idstr, instanceId: section.instanceId, size: undefined, vmsd: found };
      if (device !== undefined && fitsExactly(device, payload)) return device;
      return counts
        ? `${label} does not say enough: lists, variable arrays or buffers of unknown length`
        : `${label} is of QEMU before 8.0, which does not say how long arrays are`;
    },
  };
}

function hasCounts(tables: readonly DumpTable[]): boolean {
  return tables.some(({ fields }) =>
    fields.some((field) => field.count !== undefined || (field.table !== undefined && hasCounts([field.table]))),
  );
}

/** What was read so far, and where the next byte is. */
type Read<T> = (value: T, at: number) => void;

/** All ways to read a payload, in steps that are counted; two are as bad as many. */
class Solver {
  readonly found: VmsdSchema[] = [];
  exhausted = false;
  private readonly payload: Uint8Array;
  private steps = 0;
  private depth = 0;

  constructor(payload: Uint8Array) {
    this.payload = payload;
  }

  solve(table: DumpTable): void {
    this.table(table, 0, (vmsd, at) => {
      if (at === this.payload.length) this.found.push(vmsd);
    });
  }

  /** One step further, unless it is no use. */
  private step(take: () => void): void {
    this.exhausted ||= (this.steps += 1) > MAX_STEPS || this.depth >= MAX_DEPTH;
    if (this.exhausted || this.found.length > 1) return;
    this.depth += 1;
    take();
    this.depth -= 1;
  }

  private table(table: DumpTable, at: number, next: Read<VmsdSchema>): void {
    this.fields(table, 0, [], at, (fields, behind) => {
      this.parts(table.subsections, 0, [], behind, (subsections, end) =>
        next({ name: table.name, version: table.versionId, fields, subsections }, end),
      );
    });
  }

  private fields(
    table: DumpTable,
    index: number,
    before: readonly FieldSchema[],
    at: number,
    next: Read<readonly FieldSchema[]>,
  ): void {
    const field = table.fields[index];
    if (field === undefined) {
      next(before, at);
      return;
    }
    this.step(() => {
      this.field(table, field, at, (found, end) => this.fields(table, index + 1, [...before, ...found], end, next));
      if (field.fieldExists) this.fields(table, index + 1, before, at, next);
    });
  }

  private field(
    parent: DumpTable,
    { name, size, count, table }: DumpField,
    at: number,
    next: Read<readonly FieldSchema[]>,
  ): void {
    if (table !== undefined) {
      this.elements({ name, table, count: count ?? 1 }, [], at, next);
      return;
    }
    const wire = size === TIMER_IN_MEMORY ? 8 : size;
    const end = at + wire * (count ?? 1);
    // Whatever has no size here has one only when it is written.
    if (size > 0 && end <= this.payload.length)
      next([entry(name, knownTypes[`${parent.name}.${name}`] ?? typeOf(name, wire), wire, count)], end);
  }

  /** Elements may have other subsections each. */
  private elements(
    field: { readonly name: string; readonly table: DumpTable; readonly count: number },
    before: readonly FieldSchema[],
    at: number,
    next: Read<readonly FieldSchema[]>,
  ): void {
    if (before.length === field.count) {
      next(before, at);
      return;
    }
    this.step(() =>
      this.table(field.table, at, (struct, end) => {
        if (end <= this.payload.length)
          this.elements(field, [...before, { ...entry(field.name, 'struct', end - at, undefined), struct }], end, next);
      }),
    );
  }

  /** A subsection is there when its header is. */
  private parts(
    all: readonly DumpTable[],
    index: number,
    before: readonly VmsdSchema[],
    at: number,
    next: Read<readonly VmsdSchema[]>,
  ): void {
    const there = all.findIndex((part, i) => i >= index && this.headerAt(part, at));
    const part = all[there];
    if (part === undefined) next(before, at);
    else
      this.step(() =>
        this.table(part, at + subsectionHeaderSize(part.name), (found, end) =>
          this.parts(all, there + 1, [...before, found], end, next),
        ),
      );
  }

  private headerAt({ name, versionId }: DumpTable, at: number): boolean {
    const { payload } = this;
    const end = at + subsectionHeaderSize(name);
    if (end > payload.length || payload[at] !== sectionType.subsection || payload[at + 1] !== name.length) return false;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    return latin1(payload, at + 2, end - 4) === name && view.getUint32(end - 4) === versionId;
  }
}

function entry(name: string, type: string, size: number, count: number | undefined): FieldSchema {
  return { ...plainField(name, type, size), count };
}

/** By width alone: a dump tells neither signs nor which byte is a bool. */
function typeOf(name: string, size: number): string {
  if (name === 'unused') return 'unused_buffer';
  return [1, 2, 4, 8].includes(size) ? `uint${size * 8}` : 'buffer';
}
